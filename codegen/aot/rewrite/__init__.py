"""Passes that change the graph before kernels are chosen, each with the bytes of the original.

    computable    what only passes can run: variables, constants that operators compute, islands of float32
    exact         what makes an inference shorter: padding, activations, channels without a meaning

A pass is one file with a function from a model to the changed model and what it changed. Operators keep the
index that they have in the flatbuffer, so layers keep their names; tensors keep theirs, and new ones stand
behind them.
"""

from collections.abc import Callable

from codegen.aot.rewrite.change import Change
from codegen.aot.rewrite.dead_channels import remove_dead_channels
from codegen.aot.rewrite.float_islands import tabulate_float_islands
from codegen.aot.rewrite.fold_activations import fold_activations
from codegen.aot.rewrite.fold_constants import fold_constants
from codegen.aot.rewrite.fold_padding import fold_padding
from codegen.aot.rewrite.move_before_dequantize import move_before_dequantize
from codegen.aot.rewrite.remove_unread import remove_unread
from codegen.aot.rewrite.resolve_variables import resolve_variables
from contract.graph import Model

Pass = Callable[[Model], tuple[Model, list[Change]]]

COMPUTABLE: tuple[Pass, ...] = (
    resolve_variables,
    fold_constants,
    move_before_dequantize,
    tabulate_float_islands,
)
EXACT: tuple[Pass, ...] = (remove_unread, fold_padding, fold_activations, remove_dead_channels)


def rewrite(model: Model, passes: tuple[Pass, ...]) -> tuple[Model, list[Change]]:
    """The model behind all `passes`, and what they changed. UserError where an operator's tensors do not fit
    together."""
    changes: list[Change] = []
    for one in passes:
        model, found = one(model)
        changes.extend(found)
    return model, changes
