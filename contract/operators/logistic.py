"""LOGISTIC: the sigmoid."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="LOGISTIC",
    layer="logistic",
    resolver_method="AddLogistic",
    runs_on=everywhere(2),
    limits=("an output of zero point -128",),
)
