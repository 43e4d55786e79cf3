"""SPACE_TO_DEPTH."""

from dataclasses import dataclass

from contract.operator_spec import OperatorSpec, everywhere
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
    runs_on=everywhere(2),
    attributes={"block size": "any"},
    options_code=19,
    read_options=read_options,
)
