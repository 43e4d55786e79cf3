"""Which pooling can be done in one pass with the convolution before it."""

from dataclasses import dataclass

from codegen.aot.operators import max_pool_2d
from codegen.aot.operators.conv_2d import Convolution
from codegen.aot.operators.max_pool_2d import Pooling
from contract.graph import Model


@dataclass(frozen=True)
class Pair:
    """A convolution, and the pooling that alone reads its output, where there is one.

    The greatest of some sums, requantised once, is the greatest of the requantised sums, as requantisation
    never decreases; so pooling can go first.
    """

    conv: Convolution
    pool: Pooling | None
    limits: tuple[int, int]  # of the output, by both fused activations

    @property
    def output(self) -> int:
        """The tensor's index."""
        return (self.conv if self.pool is None else self.pool).output.index


def pair_of(model: Model, index: int, conv: Convolution) -> Pair:
    """The convolution `conv`, operator `index`, with the pooling behind it if that can be fused.

    It cannot where something else reads the convolution's output, or where windows overlap, as the sums in
    two windows would be computed twice.
    """
    alone = Pair(conv, None, conv.limits)
    following = model.operators[index + 1] if index + 1 < len(model.operators) else None
    readers = [operator for operator in model.operators if conv.output.index in operator.inputs]
    if following is None or following.name != "MAX_POOL_2D" or conv.output.index == model.output.index:
        return alone
    if len(readers) != 1 or readers[0] is not following:
        return alone
    pool = max_pool_2d.read(model, following)
    limits = (max(conv.limits[0], pool.limits[0]), min(conv.limits[1], pool.limits[1]))
    overlap = any(
        window > stride for window, stride in zip(pool.options.window, pool.options.stride, strict=True)
    )
    if overlap or limits[0] > limits[1]:
        return alone
    return Pair(conv, pool, limits)
