"""When each activation and each scratch buffer is alive."""

from collections.abc import Sequence
from dataclasses import dataclass

from codegen.aot.call import Alias, KernelCall
from codegen.aot.schedule.arena import Buffer
from contract.graph import Model


@dataclass(frozen=True)
class Lifetimes:
    """The buffers of an inference, whose moments are positions in its list of calls."""

    buffers: tuple[Buffer, ...]
    buffer_of: dict[int, int]  # tensor index to index in buffers
    scratch_of: dict[int, int]  # position of a call to index in buffers


def lifetimes(model: Model, calls: Sequence[KernelCall | Alias], layers: Sequence[str]) -> Lifetimes:
    """A buffer for each activation, alive from the call that writes it to the last one that reads it, and for
    each call's scratch. `layers` has the name of each operator.

    Inputs are written before the first call, outputs read after the last one. An alias shares the buffer of
    its input and lengthens its life.
    """
    names: list[str] = []
    sizes: list[int] = []
    first: list[int] = []
    last: list[int] = []
    buffer_of: dict[int, int] = {}
    scratch_of: dict[int, int] = {}

    def add(name: str, size: int, position: int) -> int:
        names.append(name)
        sizes.append(size)
        first.append(position)
        last.append(position)
        return len(names) - 1

    for index in model.inputs:
        buffer_of[index] = add("input", model.tensors[index].bytes, 0)
    for position, call in enumerate(calls):
        for index in call.inputs:
            if model.tensors[index].data is None:  # a constant lies in flash
                last[buffer_of[index]] = position
        if isinstance(call, Alias):
            buffer_of[call.outputs[0]] = buffer_of[call.inputs[0]]
            continue
        for index in call.outputs:
            if index in buffer_of:  # the call writes another part of it
                last[buffer_of[index]] = position
                continue
            name = f"{layers[call.operators[-1].index]}_output"
            buffer_of[index] = add(name, model.tensors[index].bytes, position)
        if call.scratch:
            name = f"{layers[call.operators[0].index]}_scratch"
            scratch_of[position] = add(name, call.scratch, position)
    for index in model.outputs:
        last[buffer_of[index]] = len(calls)
    buffers = tuple(Buffer(*of_buffer) for of_buffer in zip(names, sizes, first, last, strict=True))
    return Lifetimes(buffers, buffer_of, scratch_of)
