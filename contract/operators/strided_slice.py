"""STRIDED_SLICE."""

from dataclasses import dataclass

from contract.operator_spec import OperatorSpec, everywhere
from contract.tables import Table


@dataclass(frozen=True)
class StridedSliceOptions:
    begin_mask: int  # a bit a dimension: begin at the edge
    end_mask: int  # end at the edge
    ellipsis_mask: int
    new_axis_mask: int
    shrink_axis_mask: int  # one element, and the dimension goes


def read_options(table: Table, where: str) -> StridedSliceOptions:
    return StridedSliceOptions(
        begin_mask=table.int32(0),
        end_mask=table.int32(1),
        ellipsis_mask=table.int32(2),
        new_axis_mask=table.int32(3),
        shrink_axis_mask=table.int32(4),
    )


SPEC = OperatorSpec(
    name="STRIDED_SLICE",
    layer="strided_slice",
    resolver_method="AddStridedSlice",
    runs_on=everywhere(2),
    attributes={
        "begin, end, strides": "any, constant, negative ones too",
        "masks": "begin, end and shrink axis",
    },
    limits=("no ellipsis and no new axis",),
    options_code=32,
    read_options=read_options,
)
