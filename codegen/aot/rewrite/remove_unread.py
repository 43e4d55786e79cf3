"""Operators whose outputs nobody reads."""

from codegen.aot.rewrite.change import Change, with_operators, without_readers
from contract.graph import Model


def remove_unread(model: Model) -> tuple[Model, list[Change]]:
    """The model without them."""
    gone = without_readers(model)
    changes = [Change(operator, "left out: nobody reads its output") for operator in reversed(gone)]
    return with_operators(model, (), gone), changes
