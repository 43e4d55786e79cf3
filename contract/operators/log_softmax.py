"""LOG_SOFTMAX."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="LOG_SOFTMAX",
    layer="log_softmax",
    resolver_method="AddLogSoftmax",
    runs_on=everywhere(2),
    limits=("over the last dimension", "an output of scale 1/16 and zero point 127", "4,095 classes"),
)
