"""SPACE_TO_BATCH_ND."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="SPACE_TO_BATCH_ND",
    layer="space_to_batch",
    resolver_method="AddSpaceToBatchNd",
    runs_on={"aot": Support(max_version=3)},
    attributes={"block shape, paddings": "any, constant"},
    limits=("ranks 3 and 4, as TensorFlow Lite Micro has them",),
)
