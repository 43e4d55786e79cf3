"""From a graph to the calls of an inference and the arena they share."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from codegen.aot.call import Alias, KernelCall, backward
from codegen.aot.choice import Choice, calls_of, choose, constant_bytes, within_flash
from codegen.aot.operators import module_of, portable, table
from codegen.aot.overlap import common_bytes
from codegen.aot.rewrite import COMPUTABLE, EXACT, rewrite
from codegen.aot.rewrite.change import Change
from codegen.aot.schedule.arena import ALIGNMENT, Arena, place
from codegen.aot.schedule.lifetimes import Lifetimes, lifetimes
from codegen.aot.schedule.order import order
from codegen.aot.schedule.variables import read_in_place
from contract.errors import Refusals, UserError
from contract.graph import Model, Tensor
from contract.runtimes import AOT, check

MOST_ARENA_BYTES = 2**31 - 1  # kernels count in int32
MOST_ROUNDS = 12  # in which variants with less memory are taken


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

    def survives(self, index: int) -> bool:
        """Whether the input with this tensor index holds after an inference what it held before."""
        own = self.buffer_of[index]
        first = self.arena.places[own]
        last = first + self.arena.buffers[own].bytes
        others = zip(self.arena.places, self.arena.buffers, strict=True)
        return not any(
            place < last and first < place + buffer.bytes and position != own
            for position, (place, buffer) in enumerate(others)
        ) and not any(
            self.buffer_of.get(output) == own for call in self.kernel_calls for output in call.outputs
        )

    @property
    def kernel_calls(self) -> list[KernelCall]:
        return [call for call in self.calls if isinstance(call, KernelCall)]

    @property
    def constant_operands(self) -> list[Tensor]:
        """The constants that kernels read as they read activations."""
        return _constant_operands(self.model, self.kernel_calls)

    @property
    def constant_bytes(self) -> int:
        """Bytes of all constants in flash."""
        own = sum(map(constant_bytes, self.calls))
        return own + sum(tensor.bytes for tensor in self.constant_operands)


def plan_model(
    model: Model,
    layers: Sequence[str],
    goal: str = "portable",
    limits: Limits = NO_LIMITS,
    unfused: bool = False,
) -> Plan:
    """Plan `model`; `layers` has an identifier for each operator.

    `goal` is one of codegen.aot.goals.GOALS. Of the variants for it the fastest are taken that keep to the
    limits, as far as there are such. With `unfused` the graph stays as it is, as far as it can be computed.
    UserError names the operators or the tensor that the engine cannot run.
    """
    model, changes = _rewritten(model, unfused)
    choices = choose(model, goal)
    room = None
    if limits.flash is not None:
        operands = sum(tensor.bytes for tensor in _constant_operands(model, calls_of(choices)))
        room = max(0, limits.flash - operands)
        choices = within_flash(choices, room)
    planned = _planned(model, choices, layers)
    if limits.ram is not None:
        planned = _within_ram(model, choices, layers, planned, limits.ram, room)
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


def _constant_operands(model: Model, calls: Sequence[KernelCall | Alias]) -> list[Tensor]:
    """The constants that calls read as they read activations, whatever the variant."""
    read = dict.fromkeys(index for call in calls for index in call.inputs)
    return [model.tensors[index] for index in read if model.tensors[index].data is not None]


def _within_ram(
    model: Model,
    choices: Sequence[Choice],
    layers: Sequence[str],
    planned: _Planned,
    bytes: int,
    flash: int | None,
) -> _Planned:
    """The plan whose arena has at most `bytes`, or the smallest that is found: wherever a call needs more
    than that, the fastest other variant that needs less of its own, if constants stay within `flash`."""
    chosen = list(choices)
    for _ in range(MOST_ROUNDS):
        if planned.arena.bytes <= bytes:
            break
        tried = _with_less(model, chosen, planned, bytes, flash)
        if tried is None:
            break
        better = _planned(model, tried, layers)
        chosen = tried
        if better.arena.bytes < planned.arena.bytes:
            planned = better
    return planned


def _with_less(
    model: Model, choices: Sequence[Choice], planned: _Planned, bytes: int, flash: int | None
) -> list[Choice] | None:
    """The choices with another variant at each call that needs more than `bytes`, or at the peak where only
    the placement does, the portable kernel last; None where there is no other."""
    needs = planned.arena.needs
    over = [moment for moment, needed in needs.items() if needed > bytes] or [planned.arena.peak]
    operators = {planned.calls[moment].operators for moment in over if moment < len(planned.calls)}
    tried = list(choices)
    constants = sum(map(constant_bytes, calls_of(tried)))
    for position, choice in enumerate(choices):
        call = choice.calls[0]
        if call.operators not in operators or isinstance(call, Alias):
            continue
        for other in (*choice.others, *_portable(model, choice)):
            after = constants - constant_bytes(call) + constant_bytes(other)
            if _own_bytes(other, planned) < _own_bytes(call, planned) and (
                flash is None or after <= max(flash, constants)
            ):
                saved = "more scratch or a place of its own for its output, beyond the limit of RAM"
                tried[position] = choice.taking(other, saved)
                constants = after
                break
    return None if all(one is before for one, before in zip(tried, choices, strict=True)) else tried


def _portable(model: Model, choice: Choice) -> list[KernelCall]:
    """The portable kernel of a choice for one operator, where it is one call."""
    (call,) = choice.calls
    if len(call.operators) > 1 or call.variant == "portable":
        return []
    return [one for one in portable(model, call.operators[0]) if isinstance(one, KernelCall)][:1]


def _own_bytes(call: KernelCall, planned: _Planned) -> int:
    """What a call needs besides its inputs: scratch, and its outputs as far as they cannot lie over one."""
    buffers, buffer_of = planned.arena.buffers, planned.alive.buffer_of
    outputs = sum(buffers[buffer_of[index]].bytes for index in call.outputs if index in buffer_of)
    over = 0
    for index, overlap in call.overlaps.items():
        if index in buffer_of:
            input = buffers[buffer_of[index]].bytes
            over = max(over, common_bytes(outputs, input, overlap, ALIGNMENT))
    return call.scratch + outputs - over


def _directed(call: KernelCall | Alias, alive: Lifetimes, arena: Arena) -> KernelCall | Alias:
    """The call, backward where its output reaches into an input from behind."""
    if isinstance(call, Alias) or len(call.outputs) != 1:
        return call
    output = alive.buffer_of[call.outputs[0]]
    for reader in {alive.buffer_of[index] for index in call.inputs if index in alive.buffer_of}:
        overlap = alive.overlaps.get((output, reader))
        if overlap is None:
            continue
        distance = arena.places[output] - arena.places[reader]
        overlaps = -arena.buffers[output].bytes < distance < arena.buffers[reader].bytes
        if overlaps and distance > overlap.most:
            return backward(call)
    return call


def _rewritten(model: Model, unfused: bool) -> tuple[Model, list[Change]]:
    """The model behind all rewrites, or if `unfused` those that it needs, and what they changed. What passes
    alone can run is refused where they left it."""
    computable, changes = rewrite(model, COMPUTABLE)
    of_schema = tuple(operator for operator in computable.operators if operator.name != table.NAME)
    check(replace(computable, operators=of_schema), AOT, rewritten=True)
    refusals = Refusals()
    for operator in computable.operators:
        with refusals.collecting():
            module_of(operator).read(computable, operator)
    refusals.expect_none(f"operators cannot run on {AOT.title}:")
    if unfused:
        return computable, changes
    exact, more = rewrite(computable, EXACT)
    return exact, [*changes, *more]
