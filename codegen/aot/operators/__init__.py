"""The operators of the engine, one file each, called like the operator in lower case:

    read(model, operator)     everything about the operator, checked; UserError where it does not fit together
    portable(checked)         the call of its plain kernel, or several, or an Alias

A new file is found by its name; contract/operators/ says that the engine runs the operator.
"""

import importlib
from typing import Any, Protocol

from codegen.aot.call import Alias, KernelCall
from contract.graph import Model, Operator


class OperatorModule(Protocol):
    """What a file of this folder defines."""

    def read(self, model: Model, operator: Operator) -> Any: ...

    def portable(self, checked: Any) -> KernelCall | Alias | tuple[KernelCall, ...]: ...


def module_of(operator: Operator) -> OperatorModule:
    """The file of `operator`, which contract.runtimes.check has accepted."""
    module: Any = importlib.import_module(f"{__name__}.{operator.name.lower()}")
    return module  # type: ignore[no-any-return]


def portable(model: Model, operator: Operator) -> tuple[KernelCall | Alias, ...]:
    """The calls of the plain kernels, one as a rule. UserError where the operator's tensors do not fit
    together."""
    module = module_of(operator)
    calls = module.portable(module.read(model, operator))
    return calls if isinstance(calls, tuple) else (calls,)
