"""What an operator becomes: a call of a kernel with constant parameters, or a new name for its input."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Constant:
    """An array in flash. Its name in C is the layer's name and `suffix`."""

    suffix: str  # weights, bias, ...
    values: NDArray[np.integer]  # int8 or int32
    rows: tuple[str, ...] = ()  # a comment for each slice along the first dimension

    @property
    def c_type(self) -> str:
        return {1: "int8_t", 4: "int32_t"}[self.values.itemsize]


# The value of a field of a kernel's parameters: a number, an array, no array (NULL), or a struct within.
Value = int | Constant | None | Mapping[str, "Value"]


@dataclass(frozen=True)
class Step:
    """One call, `<kernel>_int8(&layer, input, output)`, with the parameters `struct <kernel> layer = {...}`.

    Whoever adds another form of a kernel returns another `kernel` and `header` here, with the parameters and
    the packed constants it needs; the emitter prints whatever stands in a step.
    """

    layer: str  # the layer's identifier
    kernel: str  # names the C function and the struct of its parameters
    header: str  # the file in firmware/engines/aot/ that defines both
    input: int  # tensor indices
    output: int
    parameters: Mapping[str, Value]  # by the field's name, in the order of the struct
    description: tuple[str, ...] = field(repr=False)  # the lines of a comment

    @property
    def constants(self) -> list[Constant]:
        return _constants(self.parameters)


@dataclass(frozen=True)
class Alias:
    """An operator that moves no bytes: its output is its input under another shape."""

    layer: str
    input: int
    output: int
    description: tuple[str, ...] = field(repr=False)


def _constants(value: Value) -> list[Constant]:
    if isinstance(value, Constant):
        return [value]
    if isinstance(value, Mapping):
        return [constant for inner in value.values() for constant in _constants(inner)]
    return []
