"""MEAN.

The Arduino libraries round the mean in float, the reference in integers: outputs differ by up to a few steps,
so they are no runtime of this operator here.
"""

from dataclasses import dataclass

from contract.operator_spec import OperatorSpec, Support
from contract.tables import Table


@dataclass(frozen=True)
class ReducerOptions:
    keep_dims: bool


def read_options(table: Table, where: str) -> ReducerOptions:
    return ReducerOptions(keep_dims=bool(table.uint8(0)))


SPEC = OperatorSpec(
    name="MEAN",
    layer="mean",
    resolver_method="AddMean",
    runs_on={"aot": Support(max_version=2)},
    attributes={"axes": "any, constant, negative ones too", "keep_dims": "false, true"},
    options_code=27,
    read_options=read_options,
)
