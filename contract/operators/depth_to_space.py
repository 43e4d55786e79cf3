"""DEPTH_TO_SPACE."""

from dataclasses import dataclass

from contract.operator_spec import OperatorSpec, everywhere
from contract.tables import Table


@dataclass(frozen=True)
class DepthToSpaceOptions:
    block_size: int


def read_options(table: Table, where: str) -> DepthToSpaceOptions:
    return DepthToSpaceOptions(block_size=table.int32(0))


SPEC = OperatorSpec(
    name="DEPTH_TO_SPACE",
    layer="depth_to_space",
    resolver_method="AddDepthToSpace",
    runs_on=everywhere(2),
    attributes={"block size": "any"},
    options_code=94,
    read_options=read_options,
)
