"""When each activation and each scratch buffer is alive."""

from collections.abc import Mapping, Sequence
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
    its input and lengthens its life, and so does an output that overwrites an input which nobody reads any
    more.
    """
    names: list[str] = []
    sizes: list[int] = []
    first: list[int] = []
    last: list[int] = []
    buffer_of: dict[int, int] = {}
    scratch_of: dict[int, int] = {}
    read_last = _read_last(model, calls)

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
            overwritten = _overwritten(call, position, buffer_of, read_last)
            if overwritten is not None:
                buffer_of[index] = overwritten
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


def _read_last(model: Model, calls: Sequence[KernelCall | Alias]) -> dict[int, int]:
    """The position of the last call that reads a tensor, by its index; behind all calls for the model's
    outputs."""
    last = {index: position for position, call in enumerate(calls) for index in call.inputs}
    return last | {index: len(calls) for index in model.outputs}


def _overwritten(
    call: KernelCall, position: int, buffer_of: Mapping[int, int], read_last: Mapping[int, int]
) -> int | None:
    """The buffer of an input that the call's output may overwrite: nobody reads any tensor in it later, and
    the call reads it through no other tensor that lies differently."""
    for index in call.in_place:
        buffer = buffer_of.get(index)  # None for a constant
        if buffer is None:
            continue
        inside = [tensor for tensor, other in buffer_of.items() if other == buffer]
        is_last = all(read_last.get(tensor, -1) <= position for tensor in inside)
        others = [tensor for tensor in inside if tensor in call.inputs and tensor not in call.in_place]
        if is_last and not others:
            return buffer
    return None
