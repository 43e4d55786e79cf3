"""RESIZE_NEAREST_NEIGHBOR."""

from dataclasses import dataclass

from contract.operator_spec import OperatorSpec, Support
from contract.tables import Table


@dataclass(frozen=True)
class ResizeNearestNeighborOptions:
    align_corners: bool
    half_pixel_centers: bool


def read_options(table: Table, where: str) -> ResizeNearestNeighborOptions:
    return ResizeNearestNeighborOptions(bool(table.uint8(0)), bool(table.uint8(1)))


SPEC = OperatorSpec(
    name="RESIZE_NEAREST_NEIGHBOR",
    layer="resize",
    resolver_method="AddResizeNearestNeighbor",
    runs_on={"aot": Support(max_version=3)},
    attributes={
        "size": "any, constant",
        "align_corners": "false, true",
        "half_pixel_centers": "false, true",
    },
    limits=("input and output have the same scale and zero point",),
    options_code=74,
    read_options=read_options,
)
