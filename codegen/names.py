"""C identifiers for the layers of a model and for what belongs to them."""

import re
from collections.abc import Sequence

from contract.c_interface import ENGINE_PREFIX
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators import REGISTRY


class Identifiers:
    """Hands out identifiers that differ from each other and from the engine's, which all begin with `engine`.

    A layer's identifier is only ever the beginning of a name in C (`conv_1_weights`), so it may be a keyword
    or a function of the C library.
    """

    def __init__(self, taken: Sequence[str] = (), engine: str = ENGINE_PREFIX) -> None:
        self._taken = set(taken)
        self._counts: dict[str, int] = {}  # up to which number each name is taken for certain
        self._engine = engine

    def claim(self, wish: str) -> str:
        """An identifier as close to `wish` as possible: lower case, other characters as underscores, a
        number behind it where it is taken."""
        name = re.sub(r"[^a-z0-9]+", "_", wish.lower()).strip("_") or "layer"
        if name[0].isdigit() or name.startswith((ENGINE_PREFIX, self._engine)):
            name = f"layer_{name}"
        candidate, count = name, self._counts.get(name, 1)
        while candidate in self._taken:
            count += 1
            candidate = f"{name}_{count}"
        self._counts[name] = count
        self._taken.add(candidate)
        return candidate


def layer_names(model: Model, layers: Sequence[str] | None, identifiers: Identifiers) -> list[str]:
    """A distinct identifier for each operator: from the manifest's `layers`, else conv_0, pool_1 and so on.

    UserError where there are not as many layers as operators.
    """
    if layers is None:
        layers = [_default_name(operator) for operator in model.operators]
    if len(layers) != len(model.operators):
        raise UserError(
            f"the manifest names {len(layers)} layers, the flatbuffer has {len(model.operators)} operators; "
            "make the manifest again with python -m quantize"
        )
    return [identifiers.claim(layer) for layer in layers]


def _default_name(operator: Operator) -> str:
    spec = REGISTRY.get(operator.name)
    return f"{operator.name if spec is None else spec.layer}_{operator.index}"
