"""MEAN.

The Arduino libraries round the mean in float, the reference in integers: outputs differ by up to a few steps,
so they are no runtime of this operator here.
"""

from contract.operator_spec import OperatorSpec, Support
from contract.reducer import ATTRIBUTES, OPTIONS_CODE, read_options

SPEC = OperatorSpec(
    name="MEAN",
    layer="mean",
    resolver_method="AddMean",
    runs_on={"aot": Support(max_version=2)},
    attributes=ATTRIBUTES,
    options_code=OPTIONS_CODE,
    read_options=read_options,
)
