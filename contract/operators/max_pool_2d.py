"""MAX_POOL_2D."""

from contract.operator_spec import OperatorSpec, everywhere
from contract.pooling import POOL_ATTRIBUTES, read_pool_options

SPEC = OperatorSpec(
    name="MAX_POOL_2D",
    layer="pool",
    resolver_method="AddMaxPool2D",
    runs_on=everywhere(2),
    attributes=POOL_ATTRIBUTES,
    limits=("input and output are quantised alike",),
    options_code=5,
    read_options=read_pool_options,
)
