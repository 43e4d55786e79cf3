"""MIRROR_PAD."""

from dataclasses import dataclass

from contract.operator_spec import OperatorSpec, everywhere
from contract.tables import Table


@dataclass(frozen=True)
class MirrorPadOptions:
    reflect: bool  # REFLECT leaves the value at the edge out, SYMMETRIC repeats it


def read_options(table: Table, where: str) -> MirrorPadOptions:
    return MirrorPadOptions(reflect=table.int8(0) == 0)


SPEC = OperatorSpec(
    name="MIRROR_PAD",
    layer="mirror_pad",
    resolver_method="AddMirrorPad",
    runs_on=everywhere(2),
    attributes={
        "paddings": "any that the input can be mirrored into, constant",
        "mode": "REFLECT, SYMMETRIC",
    },
    options_code=77,
    read_options=read_options,
)
