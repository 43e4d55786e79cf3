"""RESIZE_BILINEAR."""

from dataclasses import dataclass

from contract.operator_spec import OperatorSpec, everywhere
from contract.tables import Table


@dataclass(frozen=True)
class ResizeBilinearOptions:
    align_corners: bool
    half_pixel_centers: bool


def read_options(table: Table, where: str) -> ResizeBilinearOptions:
    return ResizeBilinearOptions(bool(table.uint8(2)), bool(table.uint8(3)))


SPEC = OperatorSpec(
    name="RESIZE_BILINEAR",
    layer="resize",
    resolver_method="AddResizeBilinear",
    runs_on=everywhere(4),
    attributes={
        "size": "any, constant",
        "align_corners": "false, true",
        "half_pixel_centers": "false, true, not with align_corners",
    },
    limits=("input and output have the same scale and zero point",),
    options_code=15,
    read_options=read_options,
)
