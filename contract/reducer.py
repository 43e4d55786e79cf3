"""The options of the operators that reduce over axes, which share a table in the schema."""

from dataclasses import dataclass

from contract.tables import Table

OPTIONS_CODE = 27  # ReducerOptions
ATTRIBUTES = {"axes": "any, constant, negative ones too", "keep_dims": "false, true"}


@dataclass(frozen=True)
class ReducerOptions:
    keep_dims: bool


def read_options(table: Table, where: str) -> ReducerOptions:
    return ReducerOptions(keep_dims=bool(table.uint8(0)))
