"""Which variant of its kernel each operator gets, and why."""

from collections.abc import Sequence
from dataclasses import replace

from codegen.aot.call import Alias, KernelCall
from codegen.aot.operators import portable
from codegen.aot.rewrite.change import Change
from codegen.aot.variants import VARIANTS
from contract.graph import Model, Operator


def choose(model: Model, goal: str) -> list[KernelCall | Alias]:
    """The calls of an inference in the order of the operators; `goal` is one of codegen.aot.goals.GOALS.

    UserError where an operator's tensors do not fit together.
    """
    calls: list[KernelCall | Alias] = []
    computed: set[tuple[int, ...]] = set()  # the operators, by their outputs
    for operator in model.operators:
        if operator.outputs not in computed:
            chosen = _choose(model, operator, goal)
            calls.extend(chosen)
            computed.update(one.outputs for call in chosen for one in call.operators)
    return calls


def _choose(model: Model, operator: Operator, goal: str) -> tuple[KernelCall | Alias, ...]:
    """The first variant that fits; of those that say what they cost, with no other before them, the
    cheapest."""
    variants = [variant for variant in VARIANTS if variant.operator == operator.name]
    reasons = []
    best: KernelCall | None = None
    for variant in variants:
        if goal not in variant.goals:
            reasons.append(f"not {variant.name}: it is for {' and '.join(variant.goals)}")
            continue
        matched = variant.match(model, operator)
        if isinstance(matched, str):
            reasons.append(f"not {variant.name}: {matched}")
            continue
        call = replace(matched, variant=variant.name)
        worse: KernelCall | None = None
        if best is None:
            best = call
        elif _dearer(best, call):
            best, worse = call, best
        else:
            worse = call
        if worse is not None and worse.instructions is not None:
            reasons.append(f"not {worse.variant}: about {worse.instructions:,} instructions")
        if best.instructions is None:
            break
    if best is not None:
        return (replace(best, reason="; ".join([best.reason, *reasons])),)
    calls = portable(model, operator)
    reason = "as asked" if goal == "portable" else "; ".join(reasons)
    return tuple(replace(call, reason=reason) for call in calls) if reason else calls


def _dearer(one: KernelCall, other: KernelCall) -> bool:
    return (
        one.instructions is not None
        and other.instructions is not None
        and one.instructions > other.instructions
    )


def explanation(calls: Sequence[KernelCall | Alias], changes: Sequence[Change], layers: Sequence[str]) -> str:
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
