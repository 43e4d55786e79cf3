"""What an operator becomes: a call of a kernel with constant parameters, or a new name for its input."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from codegen.aot.overlap import Overlap
from contract.c_interface import ENGINE_PREFIX
from contract.errors import UserError
from contract.graph import Operator


@dataclass(frozen=True, eq=False)
class Constant:
    """An array in flash. Its name in C is the layer's name and `suffix`."""

    suffix: str  # weights, bias, ...
    values: NDArray[np.integer]  # int8 or int32
    rows: tuple[str, ...] = ()  # a comment for each slice along the first dimension
    word_aligned: bool = False  # bytes that a kernel reads as words

    @property
    def c_type(self) -> str:
        return f"{self.values.dtype.name}_t"


@dataclass(frozen=True, eq=False)
class Assembly:
    """A function made by an assembler macro, in model_kernels.S.

    Its type in C is the function type called like the macro. Its name is the layer's name and `suffix`; one
    that is `shared` is called by the suffix and its arguments, and stands there once for all layers.
    """

    suffix: str
    macro: str
    header: str  # the file in firmware/engines/aot/ that defines the macro
    arguments: Mapping[str, int]
    shared: bool = False

    @property
    def shared_name(self) -> str:
        """What a shared one is called in C."""
        numbers = (str(number).replace("-", "m") for number in self.arguments.values())
        return "_".join([self.suffix, *numbers])


# The value of a field of a kernel's parameters: a number (a float32 where it is a float), an array, a
# function, nothing (NULL), or a struct within.
Value = int | float | Constant | Assembly | None | Mapping[str, "Value"]


@dataclass(frozen=True)
class KernelCall:
    """One call, `<function>(&<layer>_parameters, inputs..., outputs...)`, of a kernel in the engine.

    `kernel` names both the C function and the struct of its parameters, without ENGINE_PREFIX. Where
    `scratch` is not 0 the call has a last argument: that many bytes, aligned to 8, that nothing else uses
    during the call. The emitter prints whatever stands here, so another variant of a kernel is another
    KernelCall and nothing more.
    """

    operators: tuple[Operator, ...]  # that this call computes, first to last
    kernel: str
    header: str  # the file in firmware/engines/aot/ that defines function and struct
    inputs: tuple[int, ...]  # tensor indices
    outputs: tuple[int, ...]
    parameters: Mapping[str, Value]  # by the field's name, in the order of the struct
    description: tuple[str, ...] = field(repr=False)  # the lines of a comment
    scratch: int = 0
    # Inputs that the output may reach into, and how far. Where it reaches into one backward, the parameter
    # `backward` becomes 1.
    overlaps: Mapping[int, Overlap] = field(default_factory=dict)
    variant: str = "portable"
    reason: str = "its only variant"  # why the operator can have this variant
    # About how many instructions a Cortex-M4 executes for it, which decides between variants; None where the
    # order of the variants does.
    instructions: int | None = None

    def __post_init__(self) -> None:
        for value in _leaves(self.parameters):
            if isinstance(value, int) and not -(2**31) <= value < 2**31:
                raise UserError(f"{self.operators[0]} needs the number {value:,}, which is no int32")

    @property
    def function(self) -> str:
        """The kernel's name in C."""
        return ENGINE_PREFIX + self.kernel

    @property
    def parts(self) -> list[Constant | Assembly]:
        """What has a name of its own in C."""
        return [value for value in _leaves(self.parameters) if isinstance(value, Constant | Assembly)]

    @property
    def constants(self) -> list[Constant]:
        return [part for part in self.parts if isinstance(part, Constant)]

    @property
    def assembly(self) -> list[Assembly]:
        return [part for part in self.parts if isinstance(part, Assembly)]


def of_batch(call: KernelCall, batch: int) -> KernelCall:
    """The call for `batch` images, where `call` is that of a kernel which computes one: its header defines a
    function of the same name with `_batch` behind it."""
    if batch == 1:
        return call
    parameters: dict[str, Value] = {"batch": batch, "image": call.parameters}
    return replace(call, kernel=f"{call.kernel}_batch", parameters=parameters)


def backward(call: KernelCall) -> KernelCall:
    """The call whose kernel walks its output from the last pixel to the first."""
    parameters = dict(call.parameters)
    if "backward" not in parameters:
        raise ValueError(f"{call.kernel} has no parameter for walking backward")
    return replace(call, parameters={**parameters, "backward": 1})


@dataclass(frozen=True)
class Alias:
    """An operator that moves no bytes: its output is its input under another shape."""

    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    description: tuple[str, ...] = field(repr=False)
    variant: str = "portable"
    reason: str = "no bytes move"


def _leaves(value: Value) -> list[Value]:
    """The values in a struct and in the structs within."""
    if isinstance(value, Mapping):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    return [value]
