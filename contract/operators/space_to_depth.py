"""SPACE_TO_DEPTH."""

from dataclasses import dataclass

from contract.operator_spec import OperatorSpec, Support
from contract.tables import Table


@dataclass(frozen=True)
class SpaceToDepthOptions:
    block_size: int


def read_options(table: Table, where: str) -> SpaceToDepthOptions:
    return SpaceToDepthOptions(block_size=table.int32(0))


SPEC = OperatorSpec(
    name="SPACE_TO_DEPTH",
    layer="space_to_depth",
    resolver_method="AddSpaceToDepth",
    runs_on={"aot": Support(max_version=2)},
    attributes={"block size": "any"},
    options_code=19,
    read_options=read_options,
)
