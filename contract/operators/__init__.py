"""The operators that the project knows, one file each: a module `<name>.py` with its OperatorSpec as SPEC.

A new file here is found by itself; nothing else in the repository lists operators.
"""

import importlib
import pkgutil

from contract.operator_spec import OperatorSpec


def _registry() -> dict[str, OperatorSpec]:
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    specs = [importlib.import_module(f"{__name__}.{module}").SPEC for module in modules]
    return {spec.name: spec for spec in specs}


REGISTRY = _registry()
