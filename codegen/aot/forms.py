"""Which form of its kernel each operator gets, and why.

portable  the plain kernels: every operator has one, and the other forms must give the same bits
packed    packed.py: four multiply-accumulates an instruction
dual      dual.py: two multiply-accumulates an instruction
table     softmax_table.py: the exponentials from a table
"""

from collections.abc import Sequence
from dataclasses import dataclass

from codegen.aot import dual, packed, softmax_table
from codegen.aot.fusion import Pair, pair_of
from codegen.aot.operators import PLANNERS, conv_2d, fully_connected
from codegen.aot.step import Alias, Step
from contract.graph import Model, Operator

OPTIMIZE = ("speed", "size", "portable")


@dataclass(frozen=True)
class Choice:
    """The form of one operator."""

    layer: str
    operator: str
    form: str
    reason: str


def choose_forms(
    model: Model, layers: Sequence[str], optimize: str
) -> tuple[list[Step | Alias], list[Choice]]:
    """The steps of an inference, and for each operator its form. UserError as the planners raise it."""
    planned: list[Step | Alias] = []
    choices: list[Choice] = []
    index = 0
    while index < len(model.operators):
        operator, layer = model.operators[index], layers[index]
        step, form, reason = _choose(model, operator, index, layers, optimize)
        planned.append(step)
        choices.append(Choice(layer, operator.name, form, reason))
        fused = step.fused if isinstance(step, Step) else ()
        for other in range(index + 1, index + 1 + len(fused)):
            choices.append(
                Choice(layers[other], model.operators[other].name, form, f"in one pass with {layer}")
            )
        index += 1 + len(fused)
    return planned, choices


def _choose(
    model: Model, operator: Operator, index: int, layers: Sequence[str], optimize: str
) -> tuple[Step | Alias, str, str]:
    """The step of the operator `index`, its form and the reason."""
    layer = layers[index]
    if optimize == "portable":
        return PLANNERS[operator.name](model, operator, layer), "portable", "as asked"
    if operator.name == "CONV_2D":
        pair = pair_of(model, index, conv_2d.read(model, operator))
        return _convolution(pair, layers[index : index + 2], optimize)
    if operator.name == "FULLY_CONNECTED":
        dense = fully_connected.read(model, operator)
        step = dual.plan_dense(dense, layer)
        return step, "dual", step.reason
    if operator.name == "SOFTMAX" and optimize == "speed":
        return softmax_table.plan(model, operator, layer), "table", "a table of 256 exponentials"
    return PLANNERS[operator.name](model, operator, layer), "portable", "its only form"


def _convolution(pair: Pair, layers: Sequence[str], optimize: str) -> tuple[Step, str, str]:
    reasons = []
    if optimize == "speed":
        step = packed.plan(pair, layers[0], layers[-1])
        if isinstance(step, Step):
            return step, "packed", step.reason
        reasons.append(f"not packed: {step}")
    else:
        reasons.append("not packed: its weights and buffers are larger")
    step = dual.plan_convolution(pair, layers[0], layers[-1])
    if isinstance(step, Step):
        return step, "dual", "; ".join([step.reason, *reasons])
    reasons.append(f"not dual: {step}")
    return conv_2d.portable(pair.conv, layers[0]), "portable", "; ".join(reasons)


def explanation(choices: Sequence[Choice]) -> str:
    """One line for each operator: layer, operator, form and reason."""
    widths = [
        max(len(getattr(choice, field)) for choice in choices) for field in ("layer", "operator", "form")
    ]
    return "\n".join(
        f"    {choice.layer:<{widths[0]}}  {choice.operator:<{widths[1]}}  {choice.form:<{widths[2]}}  "
        f"{choice.reason}"
        for choice in choices
    )
