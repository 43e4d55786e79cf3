"""The operators of the engine, one file each, called like the operator in lower case:

    read(model, operator)     everything about the operator, checked; UserError where it does not fit together
    portable(checked)         the call of its plain kernel, or several, or an Alias

Where an operator may be computed when the code is generated, its file has one of these beside them, or alone:

    constant(model, operator)     its output as an array, or None where that depends on the model's input
    real(operator, *inputs)       its output for float32 arrays, as the reference computes each element

A new file is found by its name; contract/operators/ says that the engine runs the operator.
"""

import importlib
import importlib.util
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from codegen.aot.call import Alias, KernelCall
from contract.errors import UserError
from contract.graph import Model, Operator


class OperatorModule(Protocol):
    """What a file of this folder defines."""

    def read(self, model: Model, operator: Operator) -> Any: ...

    def portable(self, checked: Any) -> KernelCall | Alias | tuple[KernelCall | Alias, ...]: ...


def module_of(operator: Operator) -> OperatorModule:
    """The file of `operator`, which contract.runtimes.check has accepted."""
    module: Any = importlib.import_module(f"{__name__}.{operator.name.lower()}")
    return module  # type: ignore[no-any-return]


def value_of(model: Model, operator: Operator) -> NDArray[Any] | None:
    """The operator's output where it does not depend on the model's input."""
    constant = _function(operator, "constant")
    if constant is None:
        return None
    try:
        value: NDArray[Any] | None = constant(model, operator)
    except (IndexError, TypeError, ValueError) as error:  # NumPy's words for shapes that do not fit
        raise UserError(
            f"{operator} cannot be computed from its constants ({error}); convert the model again"
        ) from error
    return value


def evaluate_real(operator: Operator, *inputs: NDArray[Any]) -> NDArray[Any] | None:
    """The operator's output for float32 inputs, element by element; None where that is not known."""
    real = _function(operator, "real")
    if real is None:
        return None
    with np.errstate(all="ignore"):
        return np.asarray(real(operator, *inputs))


def _function(operator: Operator, name: str) -> Any:
    """The function of this name in the operator's file, if there are both."""
    module = f"{__name__}.{operator.name.lower()}"
    if not operator.name.isidentifier() or importlib.util.find_spec(module) is None:
        return None
    return getattr(importlib.import_module(module), name, None)


def portable(model: Model, operator: Operator) -> tuple[KernelCall | Alias, ...]:
    """The calls of the plain kernels, one as a rule. UserError where the operator's tensors do not fit
    together."""
    module = module_of(operator)
    calls = module.portable(module.read(model, operator))
    return calls if isinstance(calls, tuple) else (calls,)
