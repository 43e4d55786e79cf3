"""What operators with weights share: their bias, and the factors that turn sums of products into outputs."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import Multiplier, quantize_multipliers, sum_factors
from codegen.aot.operands import Activation, bias_of, expect_accumulators_fit
from contract.graph import Model, Operator, Quantization

Sums = tuple[NDArray[np.int32] | None, tuple[float, ...], tuple[Multiplier, ...]]


class Summing(Protocol):
    """What is needed of a checked operator whose outputs are sums of weight * input."""

    @property
    def input(self) -> Activation: ...
    @property
    def output(self) -> Activation: ...
    @property
    def bias(self) -> NDArray[np.int32] | None: ...
    @property
    def factors(self) -> tuple[float, ...]: ...
    @property
    def multipliers(self) -> tuple[Multiplier, ...]: ...
    @property
    def limits(self) -> tuple[int, int]: ...


def sums_of(
    model: Model,
    operator: Operator,
    input: Activation,
    output: Activation,
    weights: NDArray[np.int8],
    quantization: Quantization,
    bias_place: int = 2,
) -> Sums:
    """The bias (channels,) or None, the factors of the requantisation (one, or one a channel), and the same
    in fixed point. UserError where a sum over `weights` (channels, products), which have this
    `quantization`, may leave int32."""
    bias = bias_of(model, operator, len(weights), input.quantization, quantization, bias_place)
    factors = sum_factors(input.scale, quantization.scales, output.scale)
    multipliers = quantize_multipliers(factors, str(operator))
    expect_accumulators_fit(operator, weights, bias, input.quantization, multipliers)
    return bias, factors, multipliers
