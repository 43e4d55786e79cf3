"""From a graph to the calls of an inference and the arena they share."""

from collections.abc import Sequence
from dataclasses import dataclass

from codegen.aot.memory import Arena, Buffer, place
from codegen.aot.operators import PLANNERS
from codegen.aot.step import Alias, Step
from contract.errors import UserError
from contract.flatbuffer import Model

MOST_ARENA_BYTES = 2**31 - 1  # kernels count in int32


@dataclass(frozen=True)
class Plan:
    """An inference. Step i of the lifetimes in `arena` is `layers[i]`."""

    model: Model
    layers: tuple[Step | Alias, ...]
    arena: Arena
    buffer_of: dict[int, int]  # tensor index to index in arena.buffers

    @property
    def steps(self) -> list[Step]:
        return [layer for layer in self.layers if isinstance(layer, Step)]

    @property
    def constant_bytes(self) -> int:
        """Bytes of all constants in flash."""
        return sum(constant.values.nbytes for step in self.steps for constant in step.constants)


def plan_model(model: Model, layers: Sequence[str]) -> Plan:
    """Plan `model`, which contract.runtimes.check has accepted; `layers` has an identifier for each operator.

    UserError names the operator or tensor that the engine cannot run.
    """
    for tensor in (model.input, model.output):
        if tensor.data is not None:
            raise UserError(f"the model's input or output, {tensor}, is a constant; convert the model again")
    planned = tuple(
        PLANNERS[operator.name](model, operator, layer)
        for operator, layer in zip(model.operators, layers, strict=True)
    )
    buffers, buffer_of = _buffers(model, planned)
    arena = place(buffers)
    if arena.bytes > MOST_ARENA_BYTES:
        raise UserError(f"the activations need an arena of {arena.bytes:,} bytes; make the model smaller")
    return Plan(model, planned, arena, buffer_of)


def _buffers(model: Model, layers: Sequence[Step | Alias]) -> tuple[list[Buffer], dict[int, int]]:
    """A buffer for each activation, alive from the layer that writes it to the last one that reads it.

    The input is written before the first layer, the output read after the last one. An alias shares the
    buffer of its input and lengthens its life.
    """
    names = ["input"]
    sizes = [model.input.bytes]
    first, last = [0], [0]
    buffer_of = {model.input.index: 0}
    for index, layer in enumerate(layers):
        read = buffer_of[layer.input]
        last[read] = index
        if isinstance(layer, Alias):
            buffer_of[layer.output] = read
        else:
            buffer_of[layer.output] = len(names)
            names.append(f"{layer.layer}_output")
            sizes.append(model.tensors[layer.output].bytes)
            first.append(index)
            last.append(index)
    last[buffer_of[model.output.index]] = len(layers)
    buffers = [Buffer(*of_buffer) for of_buffer in zip(names, sizes, first, last, strict=True)]
    return buffers, buffer_of
