"""LOGISTIC: the sigmoid."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="LOGISTIC",
    layer="logistic",
    resolver_method="AddLogistic",
    runs_on={"aot": Support(max_version=2)},
    limits=("an output of zero point -128",),
)
