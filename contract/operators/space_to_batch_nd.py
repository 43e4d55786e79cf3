"""SPACE_TO_BATCH_ND."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="SPACE_TO_BATCH_ND",
    layer="space_to_batch",
    resolver_method="AddSpaceToBatchNd",
    runs_on=everywhere(3),
    attributes={"block shape, paddings": "any, constant", "padded with": "0, whatever the zero point is"},
    limits=("ranks 3 and 4, as TensorFlow Lite Micro has them",),
)
