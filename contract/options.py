"""Fields that the options of several operators share, checked while they are read."""

from contract.schema import ACTIVATIONS, PADDINGS
from contract.tables import FlatbufferError


def padding(code: int, where: str) -> str:
    """SAME or VALID."""
    if code not in PADDINGS:
        raise FlatbufferError(f"{where} has the unknown padding {code}")
    return PADDINGS[code]


def activation(code: int, where: str) -> str:
    """A name of the schema's ActivationFunctionType: NONE, RELU, RELU6, ..."""
    if code not in ACTIVATIONS:
        raise FlatbufferError(f"{where} has the unknown activation {code}")
    return ACTIVATIONS[code]


def positive(pair: tuple[int, int], what: str, where: str) -> tuple[int, int]:
    """Height and width, each at least 1."""
    if min(pair) < 1:
        raise FlatbufferError(f"{where} has the {what} {pair[0]}x{pair[1]}")
    return pair
