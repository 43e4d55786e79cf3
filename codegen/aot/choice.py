"""Which variant of its kernel each operator gets, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from codegen.aot.call import Alias, KernelCall
from codegen.aot.operators import portable
from codegen.aot.rewrite.change import Change
from codegen.aot.variants import VARIANTS
from contract.graph import Model, Operator

Call = KernelCall | Alias

# What a faster variant has to save for the flash that it needs: no table of thousands of bytes for a layer
# that takes next to no time.
INSTRUCTIONS_A_BYTE = 0.25
ASSEMBLY_BYTES = 900  # of a function, about
KNAPSACK_BITS = 14


@dataclass(frozen=True)
class Choice:
    """The calls for some operators, and other calls that would do the same."""

    calls: tuple[Call, ...]
    others: tuple[KernelCall, ...] = ()  # each for the same operators as the only call of `calls`

    def taking(self, other: KernelCall, reason: str) -> "Choice":
        """The choice of one of the others; `reason` says why it is not the call chosen before."""
        (before,) = self.calls
        reasons = "; ".join([other.reason, f"not {before.variant}: {reason}"])
        left = tuple(one for one in self.others if one is not other)
        return Choice((replace(other, reason=reasons),), left)


def choose(model: Model, goal: str) -> list[Choice]:
    """What computes each operator, in the order of the operators; `goal` is one of codegen.aot.goals.GOALS.

    UserError where an operator's tensors do not fit together.
    """
    choices: list[Choice] = []
    computed: set[tuple[int, ...]] = set()  # the operators, by their outputs
    for operator in model.operators:
        if operator.outputs not in computed:
            chosen = _choose(model, operator, goal)
            choices.append(chosen)
            computed.update(one.outputs for call in chosen.calls for one in call.operators)
    return choices


def _choose(model: Model, operator: Operator, goal: str) -> Choice:
    """The first variant that fits; of those that say what they cost, with no other before them, the
    fastest for its flash."""
    matched, reasons = _matched(model, operator, goal)
    if not matched:
        calls = portable(model, operator)
        reason = "as asked" if goal == "portable" else "; ".join(reasons)
        return Choice(tuple(replace(call, reason=reason) for call in calls) if reason else calls)
    first = next((call for call in matched if call.instructions is None), None)
    best = first or min(matched, key=_worth)
    others = [call for call in matched if call is not best and call.operators == best.operators]
    reasons += [
        f"not {call.variant}: about {call.instructions:,} instructions" for call in others if not first
    ]
    chosen = replace(best, reason="; ".join([best.reason, *reasons]))
    return Choice((chosen,), tuple(sorted(others, key=lambda call: call.instructions or 0)))


def _worth(call: KernelCall) -> float:
    """Instructions, and what its flash has to save."""
    bytes = constant_bytes(call) + ASSEMBLY_BYTES * len(call.assembly)
    return (call.instructions or 0) + INSTRUCTIONS_A_BYTE * bytes


def _matched(model: Model, operator: Operator, goal: str) -> tuple[list[KernelCall], list[str]]:
    """The calls of all variants that fit, and why the others do not."""
    matched = []
    reasons = []
    for variant in VARIANTS:
        if variant.operator != operator.name:
            continue
        if goal not in variant.goals:
            reasons.append(f"not {variant.name}: it is for {' and '.join(variant.goals)}")
            continue
        call = variant.match(model, operator)
        if isinstance(call, str):
            reasons.append(f"not {variant.name}: {call}")
            continue
        matched.append(replace(call, variant=variant.name))
    return matched, reasons


def calls_of(choices: Sequence[Choice]) -> list[Call]:
    """The chosen calls."""
    return [call for choice in choices for call in choice.calls]


def within_flash(choices: Sequence[Choice], bytes: int) -> list[Choice]:
    """The choices if their constants need no more than `bytes`; else the fastest calls that do, or the
    smallest if there are none: the knapsack problem with several choices, by dynamic programming over bytes
    in about 2^14 steps."""
    if sum(map(constant_bytes, calls_of(choices))) <= bytes:
        return list(choices)
    places = [place for place, choice in enumerate(choices) if choice.others]
    fixed = sum(constant_bytes(call) for choice in choices if not choice.others for call in choice.calls)
    picked = _picked([choices[place] for place in places], bytes - fixed)
    chosen = list(choices)
    for place, option in zip(places, picked, strict=True):
        chosen[place] = _taking(choices[place], option)
    return chosen


def _picked(choices: Sequence[Choice], bytes: int) -> list[int]:
    """The option of each choice."""
    options = [_options(choice) for choice in choices]
    least = [min(size for size, _ in sizes) for sizes in options]
    room = bytes - sum(least)
    if room < 0:
        return [_smallest(sizes) for sizes in options]
    step = max(1, room >> KNAPSACK_BITS)
    columns = room // step + 1
    best: NDArray[np.float64] = np.zeros(columns)  # instructions of what was chosen so far, for each room
    picked: list[NDArray[np.int8]] = []  # by choice: the option for each room
    for sizes, smallest in zip(options, least, strict=True):
        table: NDArray[np.float64] = np.full((len(sizes), columns), np.inf)
        for row, (size, instructions) in zip(table, sizes, strict=True):
            needed = -(-(size - smallest) // step)
            if needed < columns:
                row[needed:] = best[: columns - needed] + instructions
        picked.append(table.argmin(axis=0).astype(np.int8))
        best = table.min(axis=0)
    picks = []
    left = columns - 1
    for places, sizes, smallest in zip(picked[::-1], options[::-1], least[::-1], strict=True):
        pick = int(places[left])
        picks.append(pick)
        left -= -(-(sizes[pick][0] - smallest) // step)
    return picks[::-1]


def _options(choice: Choice) -> list[tuple[int, int]]:
    """Bytes of constants and instructions of what was chosen, then of the others."""
    (call,) = choice.calls
    assert isinstance(call, KernelCall)
    return [(constant_bytes(one), one.instructions or 0) for one in (call, *choice.others)]


def _smallest(options: Sequence[tuple[int, int]]) -> int:
    return min(range(len(options)), key=lambda place: options[place])


def _taking(choice: Choice, option: int) -> Choice:
    """The choice with the option of this number."""
    if option == 0:
        return choice
    other = choice.others[option - 1]
    saved = constant_bytes(choice.calls[0]) - constant_bytes(other)
    return choice.taking(other, f"{saved:,} bytes more, beyond the limit of flash")


def constant_bytes(call: Call) -> int:
    """Bytes of a call's constants in flash."""
    if isinstance(call, Alias):
        return 0
    return sum(constant.values.nbytes for constant in call.constants)


def explanation(calls: Sequence[Call], changes: Sequence[Change], layers: Sequence[str]) -> str:
    """One line for each operator: layer, operator, variant and reason. `layers` has each operator's name."""
    rows = [
        (layers[change.operator.index], change.operator.name, "rewritten", change.text) for change in changes
    ]
    for call in calls:
        first = layers[call.operators[0].index]
        for operator in call.operators:
            reason = call.reason if operator is call.operators[0] else f"in one pass with {first}"
            row = (layers[operator.index], operator.name, call.variant, reason)
            if row not in rows:  # an operator of several calls
                rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "    " + "  ".join(f"{text:<{width}}" for text, width in zip(row, (*widths, 0), strict=True))
        for row in rows
    )
