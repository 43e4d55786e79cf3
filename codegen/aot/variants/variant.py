"""What a kernel variant is: a faster or smaller way to compute one operator, perhaps with those behind it."""

from collections.abc import Callable
from dataclasses import dataclass

from codegen.aot.call import KernelCall
from contract.graph import Model, Operator


@dataclass(frozen=True)
class Variant:
    """One way to compute `operator` with the bytes of its portable kernel.

    `match(model, operator)` gives the call, or in words why the operator cannot have this variant.
    """

    name: str  # as --explain prints it
    operator: str  # CONV_2D
    goals: tuple[str, ...]  # of codegen.aot.goals.GOALS
    about: str  # one line, for docs/operators.md
    match: Callable[[Model, Operator], KernelCall | str]
