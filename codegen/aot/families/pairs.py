"""Pairs of integers without a scale, as shapes are computed with."""

from collections.abc import Callable

from codegen.aot.families.values import Values, constants_of
from contract.graph import Model, Operator


def constant_pair(
    model: Model, operator: Operator, function: Callable[[Values, Values], Values]
) -> Values | None:
    """`function` of two constants, or None where there is an activation or a quantised tensor."""
    if model.tensors[operator.outputs[0]].type not in ("INT32", "INT64"):
        return None
    values = constants_of(model, operator)
    return None if values is None else function(*values)
