"""The options of the operators that reduce over axes, which share a table in the schema."""

from collections.abc import Mapping
from dataclasses import dataclass

from contract.graph import Model, Operator
from contract.operator_spec import Support, everywhere
from contract.tables import Table

OPTIONS_CODE = 27  # ReducerOptions
MOST_AXES = 2  # that the Arduino libraries have room for, without a check
ATTRIBUTES = {"axes": "any, constant, negative ones too", "keep_dims": "false, true"}


@dataclass(frozen=True)
class ReducerOptions:
    keep_dims: bool


def read_options(table: Table, where: str) -> ReducerOptions:
    return ReducerOptions(keep_dims=bool(table.uint8(0)))


def sums_everywhere(max_version: int, differs: str) -> Mapping[str, Support]:
    """What runs the sums, which both Arduino libraries compute otherwise: as `differs` says."""
    return everywhere(max_version, differs, differs, _many_axes)


def _many_axes(model: Model, operator: Operator) -> str:
    axes = model.tensors[operator.inputs[1]].elements
    return f"reduces {axes} axes" if axes > MOST_AXES else ""
