"""EXPAND_DIMS: the same bytes under another shape; no kernel."""

from codegen.aot.call import Alias
from codegen.aot.families.values import Values
from codegen.aot.operators import reshape
from codegen.aot.operators.reshape import Reshape
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Reshape:
    """The operator with everything checked. UserError where its tensors differ in more than their shape."""
    return reshape.read(model, operator)


def portable(checked: Reshape) -> Alias:
    """No call: the output lies where the input lies."""
    return reshape.portable(checked)


def constant(model: Model, operator: Operator) -> Values | None:
    """The output where the input is a constant."""
    return reshape.constant(model, operator)
