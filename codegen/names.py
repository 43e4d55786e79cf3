"""C identifiers for the layers of a model and for what belongs to them."""

import re
from collections.abc import Sequence

from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators import REGISTRY

# Words of C and C++ (model.h is read by both), then what gcc's gnu modes and the standard headers define.
# fmt: off
RESERVED = frozenset((
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break", "case", "catch",
    "char", "char16_t", "char32_t", "class", "compl", "const", "const_cast", "constexpr", "continue",
    "decltype", "default", "delete", "do", "double", "dynamic_cast", "else", "enum", "explicit", "export",
    "extern", "false", "float", "for", "friend", "goto", "if", "inline", "int", "long", "mutable",
    "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "operator", "or", "or_eq", "private",
    "protected", "public", "register", "reinterpret_cast", "restrict", "return", "short", "signed",
    "sizeof", "static",
    "static_assert", "static_cast", "struct", "switch", "template", "this", "thread_local", "throw", "true",
    "try", "typedef", "typeid", "typename", "typeof", "union", "unsigned", "using", "virtual", "void",
    "volatile", "wchar_t", "while", "xor", "xor_eq",
    "i386", "int8_t", "int16_t", "int32_t", "int64_t", "linux", "main", "ptrdiff_t", "size_t", "uint8_t",
    "uint16_t", "uint32_t", "uint64_t", "unix",
))
# fmt: on


class Identifiers:
    """Hands out identifiers that are legal in C and C++ and differ from each other."""

    def __init__(self, taken: Sequence[str] = ()) -> None:
        self._taken = set(taken) | RESERVED

    def claim(self, wish: str) -> str:
        """An identifier as close to `wish` as possible: lower case, other characters as underscores, a
        number behind it where it is taken."""
        name = re.sub(r"[^a-z0-9]+", "_", wish.lower()).strip("_") or "layer"
        if name[0].isdigit():
            name = f"layer_{name}"
        candidate, count = name, 1
        while candidate in self._taken:
            count += 1
            candidate = f"{name}_{count}"
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
