"""From a graph to the calls of an inference and the arena they share."""

from collections.abc import Sequence
from dataclasses import dataclass

from codegen.aot.forms import Choice, choose_forms
from codegen.aot.memory import Arena, Buffer, place
from codegen.aot.step import Alias, Step
from contract.errors import UserError
from contract.graph import Model

MOST_ARENA_BYTES = 2**31 - 1  # kernels count in int32


@dataclass(frozen=True)
class Plan:
    """An inference. Step i of the lifetimes in `arena` is `layers[i]`."""

    model: Model
    layers: tuple[Step | Alias, ...]
    arena: Arena
    buffer_of: dict[int, int]  # tensor index to index in arena.buffers
    scratch_of: dict[str, int]  # the layer of a step to the index of its scratch buffer
    choices: tuple[Choice, ...]  # the form of each operator, and why

    @property
    def steps(self) -> list[Step]:
        return [layer for layer in self.layers if isinstance(layer, Step)]

    @property
    def constant_bytes(self) -> int:
        """Bytes of all constants in flash."""
        return sum(constant.values.nbytes for step in self.steps for constant in step.constants)


def plan_model(model: Model, layers: Sequence[str], optimize: str = "portable") -> Plan:
    """Plan `model`, which contract.runtimes.check has accepted; `layers` has an identifier for each operator.

    `optimize` is one of codegen.aot.forms.OPTIMIZE. UserError names the operator or tensor that the engine
    cannot run.
    """
    planned, choices = choose_forms(model, layers, optimize)
    buffers, buffer_of, scratch_of = _buffers(model, planned)
    arena = place(buffers)
    if arena.bytes > MOST_ARENA_BYTES:
        raise UserError(f"the activations need an arena of {arena.bytes:,} bytes; make the model smaller")
    return Plan(model, tuple(planned), arena, buffer_of, scratch_of, tuple(choices))


def _buffers(
    model: Model, layers: Sequence[Step | Alias]
) -> tuple[list[Buffer], dict[int, int], dict[str, int]]:
    """A buffer for each activation, alive from the layer that writes it to the last one that reads it, and
    for each step's scratch.

    The input is written before the first layer, the output read after the last one. An alias shares the
    buffer of its input and lengthens its life.
    """
    names = ["input"]
    sizes = [model.input.bytes]
    first, last = [0], [0]
    buffer_of = {model.input.index: 0}
    scratch_of: dict[str, int] = {}

    def add(name: str, size: int, index: int) -> int:
        names.append(name)
        sizes.append(size)
        first.append(index)
        last.append(index)
        return len(names) - 1

    for index, layer in enumerate(layers):
        read = buffer_of[layer.input]
        last[read] = index
        if isinstance(layer, Alias):
            buffer_of[layer.output] = read
        else:
            output = model.tensors[layer.output]
            buffer_of[layer.output] = add(f"{layer.last_layer}_output", output.bytes, index)
            if layer.scratch:
                scratch_of[layer.layer] = add(f"{layer.layer}_scratch", layer.scratch, index)
    last[buffer_of[model.output.index]] = len(layers)
    buffers = [Buffer(*of_buffer) for of_buffer in zip(names, sizes, first, last, strict=True)]
    return buffers, buffer_of, scratch_of
