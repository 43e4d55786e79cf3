"""From a graph to the calls of an inference and the arena they share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from codegen.aot.call import Alias, KernelCall, backward
from codegen.aot.choice import Choice, calls_of, choose, constant_bytes, within_flash
from codegen.aot.operators import module_of, table
from codegen.aot.rewrite import COMPUTABLE, EXACT, rewrite
from codegen.aot.rewrite.change import Change
from codegen.aot.schedule.arena import Arena, place
from codegen.aot.schedule.lifetimes import Lifetimes, lifetimes
from codegen.aot.schedule.order import order
from codegen.aot.schedule.variables import read_in_place
from contract.errors import Refusals, UserError
from contract.graph import Model, Operator, Tensor
from contract.runtimes import AOT, check

MOST_ARENA_BYTES = 2**31 - 1  # kernels count in int32


@dataclass(frozen=True)
class Limits:
    """What the kernels chosen for speed may need, in bytes; None where there is no limit."""

    flash: int | None = None  # of constants
    ram: int | None = None  # of the arena


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Plan:
    """An inference. The moments of the lifetimes in `arena` are positions in `calls`."""

    model: Model  # as it is computed: behind the rewrites
    changes: tuple[Change, ...]  # by the rewrites
    layers: tuple[str, ...]  # the name of each operator, by its index
    calls: tuple[KernelCall | Alias, ...]
    arena: Arena
    buffer_of: dict[int, int]  # tensor index to index in arena.buffers
    scratch_of: dict[int, int]  # position of a call to the index of its scratch buffer

    def layer_of(self, call: KernelCall | Alias) -> str:
        """What the call is called by: the first of its layers."""
        return self.layers[call.operators[0].index]

    @property
    def peak_layer(self) -> str:
        """What the call is called by that needs the most memory."""
        return self.layer_of(self.calls[min(self.arena.peak, len(self.calls) - 1)])

    @property
    def kernel_calls(self) -> list[KernelCall]:
        return [call for call in self.calls if isinstance(call, KernelCall)]

    @property
    def constant_operands(self) -> list[Tensor]:
        """The constants that kernels read as they read activations."""
        read = dict.fromkeys(index for call in self.kernel_calls for index in call.inputs)
        return [self.model.tensors[index] for index in read if self.model.tensors[index].data is not None]

    @property
    def constant_bytes(self) -> int:
        """Bytes of all constants in flash."""
        own = sum(map(constant_bytes, self.calls))
        return own + sum(tensor.bytes for tensor in self.constant_operands)


def plan_model(
    model: Model, layers: Sequence[str], goal: str = "portable", limits: Limits = NO_LIMITS
) -> Plan:
    """Plan `model`; `layers` has an identifier for each operator.

    `goal` is one of codegen.aot.goals.GOALS. Of the variants for it the fastest are taken that keep to the
    limits, as far as there are such. UserError names the operators or the tensor that the engine cannot run.
    """
    model, changes = _rewritten(model)
    choices = choose(model, goal)
    if limits.flash is not None:
        choices = within_flash(choices, limits.flash)
    planned = _planned(model, choices, layers)
    if limits.ram is not None:
        planned = _within_ram(model, choices, layers, planned, limits.ram)
    if planned.arena.bytes > MOST_ARENA_BYTES:
        raise UserError(
            f"the activations need an arena of {planned.arena.bytes:,} bytes; make the model smaller"
        )
    calls = [_directed(call, planned.alive, planned.arena) for call in planned.calls]
    alive = planned.alive
    return Plan(
        model, tuple(changes), tuple(layers), tuple(calls), planned.arena, alive.buffer_of, alive.scratch_of
    )


@dataclass(frozen=True)
class _Planned:
    """Calls in their order, and the arena they share."""

    calls: list[KernelCall | Alias]
    alive: Lifetimes
    arena: Arena


def _planned(model: Model, choices: Sequence[Choice], layers: Sequence[str]) -> _Planned:
    calls = order(model, read_in_place(model, calls_of(choices)))
    alive = lifetimes(model, calls, layers)
    return _Planned(calls, alive, place(alive.buffers, alive.overlaps))


def _within_ram(
    model: Model, choices: Sequence[Choice], layers: Sequence[str], planned: _Planned, bytes: int
) -> _Planned:
    """The plan with other variants at its peak, as long as that makes the arena smaller and it is larger than
    `bytes`: the fastest that does."""
    chosen = list(choices)
    while planned.arena.bytes > bytes:
        before = planned
        for position, other in _others_at_peak(chosen, planned):
            saved = "more scratch or a place of its own for its output, beyond the limit of RAM"
            tried = [*chosen]
            tried[position] = tried[position].taking(other, saved)
            better = _planned(model, tried, layers)
            # Where several calls need as much, one after the other.
            smaller = better.arena.bytes - planned.arena.bytes
            if smaller < 0 or (smaller == 0 and _peak(better) is not _peak(planned)):
                chosen, planned = tried, better
                break
        if planned is before:
            break
    return planned


def _others_at_peak(choices: Sequence[Choice], planned: _Planned) -> Iterator[tuple[int, KernelCall]]:
    """Which choice the call at the peak belongs to, with each other call for it, fastest first."""
    operators = _peak(planned)
    for position, choice in enumerate(choices):
        if any(call.operators is operators for call in choice.calls):
            yield from ((position, other) for other in choice.others)


def _peak(planned: _Planned) -> tuple[Operator, ...]:
    """The operators of the call that sets the bound of the arena."""
    return planned.calls[min(planned.arena.peak, len(planned.calls) - 1)].operators


def _directed(call: KernelCall | Alias, alive: Lifetimes, arena: Arena) -> KernelCall | Alias:
    """The call, backward where its output reaches into an input from behind."""
    if isinstance(call, Alias) or len(call.outputs) != 1:
        return call
    output = alive.buffer_of[call.outputs[0]]
    for (writer, reader), overlap in alive.overlaps.items():
        inputs = {alive.buffer_of[index] for index in call.inputs if index in alive.buffer_of}
        if writer != output or reader not in inputs:
            continue
        distance = arena.places[output] - arena.places[reader]
        overlaps = -arena.buffers[output].bytes < distance < arena.buffers[reader].bytes
        if overlaps and distance > overlap.most:
            return backward(call)
    return call


def _rewritten(model: Model) -> tuple[Model, list[Change]]:
    """The model behind all rewrites, and what they changed. What passes alone can run is refused where they
    left it."""
    computable, changes = rewrite(model, COMPUTABLE)
    of_schema = tuple(operator for operator in computable.operators if operator.name != table.NAME)
    check(replace(computable, operators=of_schema), AOT, rewritten=True)
    refusals = Refusals()
    for operator in computable.operators:
        with refusals.collecting():
            module_of(operator).read(computable, operator)
    refusals.expect_none(f"operators cannot run on {AOT.title}:")
    exact, more = rewrite(computable, EXACT)
    return exact, [*changes, *more]
