"""MAX_POOL_2D."""

from contract.operator_spec import OperatorSpec, Support
from contract.pooling import POOL_ATTRIBUTES, read_pool_options

SPEC = OperatorSpec(
    name="MAX_POOL_2D",
    layer="pool",
    resolver_method="AddMaxPool2D",
    runs_on={
        "aot": Support(max_version=2),
        "tflm-chirale": Support(max_version=2),
        "tflm-arduino": Support(max_version=2),
    },
    attributes=POOL_ATTRIBUTES,
    limits=("input and output are quantised alike",),
    options_code=5,
    read_options=read_pool_options,
)
