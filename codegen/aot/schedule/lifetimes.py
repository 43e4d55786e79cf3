"""When each activation and each scratch buffer is alive, and which may share bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegen.aot.call import Alias, KernelCall
from codegen.aot.overlap import Overlap
from codegen.aot.schedule.arena import Buffer
from contract.graph import Model, Tensor


@dataclass(frozen=True)
class Lifetimes:
    """The buffers of an inference, whose moments are positions in its list of calls."""

    buffers: tuple[Buffer, ...]
    buffer_of: dict[int, int]  # tensor index to index in buffers
    scratch_of: dict[int, int]  # position of a call to index in buffers
    overlaps: dict[tuple[int, int], Overlap]  # of the buffers of an output and an input


def lifetimes(model: Model, calls: Sequence[KernelCall | Alias], layers: Sequence[str]) -> Lifetimes:
    """A buffer for each activation, alive from the call that writes it to the last one that reads it, and for
    each call's scratch. `layers` has the name of each operator.

    Inputs are written before the first call, outputs read after the last one. Variables are alive all the
    time. An alias shares the buffer of its input and lengthens its life.
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
    for tensor in variables_of(model):
        buffer_of[tensor.index] = add(f"variable_{tensor.index}", tensor.bytes, 0)
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
    for index in (*model.outputs, *(tensor.index for tensor in variables_of(model))):
        last[buffer_of[index]] = len(calls)
    buffers = tuple(Buffer(*of_buffer) for of_buffer in zip(names, sizes, first, last, strict=True))
    overlaps = {
        pair: overlap
        for position, call in enumerate(calls)
        if isinstance(call, KernelCall)
        for pair, overlap in _overlaps(call, position, buffers, buffer_of).items()
    }
    return Lifetimes(buffers, buffer_of, scratch_of, overlaps)


def variables_of(model: Model) -> list[Tensor]:
    """The variables that operators use."""
    used = {index for operator in model.operators for index in (*operator.inputs, *operator.outputs)}
    return [tensor for tensor in model.tensors if tensor.is_variable and tensor.index in used]


def _overlaps(
    call: KernelCall, position: int, buffers: Sequence[Buffer], buffer_of: Mapping[int, int]
) -> dict[tuple[int, int], Overlap]:
    """Of an output that this call alone writes and of inputs that nobody reads later. An input that is read
    through several tensors, of which one allows nothing, allows nothing."""
    if len(call.outputs) != 1 or buffers[buffer_of[call.outputs[0]]].first != position:
        return {}
    output = buffer_of[call.outputs[0]]
    found: dict[tuple[int, int], Overlap] = {}
    read = [index for index in call.inputs if index in buffer_of]
    for index in read:
        input = buffer_of[index]
        same = {other for other in read if buffer_of[other] == input}
        if buffers[input].last == position and same <= set(call.overlaps) and input != output:
            allowed = [call.overlaps[other] for other in same]
            most, least = min(one.most for one in allowed), max(one.least for one in allowed)
            found[output, input] = Overlap(most, least)
    return found
