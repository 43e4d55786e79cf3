"""BATCH_TO_SPACE_ND."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="BATCH_TO_SPACE_ND",
    layer="batch_to_space",
    resolver_method="AddBatchToSpaceNd",
    runs_on=everywhere(3),
    attributes={"block shape, crops": "any, constant"},
    limits=("ranks 3 and 4, as TensorFlow Lite Micro has them",),
)
