"""A depthwise convolution over a single input channel, which is a convolution with its weights turned."""

from collections.abc import Callable
from functools import partial

from codegen.aot.call import KernelCall
from codegen.aot.operators.conv_2d import Convolution
from codegen.aot.operators.depthwise_conv_2d import read
from codegen.aot.variants import conv_2d_chained, conv_2d_dual
from codegen.aot.variants.pooled import Pair
from codegen.aot.variants.variant import Variant
from contract.graph import Model, Operator


def match(call_of: Callable[[Pair], KernelCall | str], model: Model, operator: Operator) -> KernelCall | str:
    """The call of the convolution, made by `call_of`, or why there is none."""
    depthwise = read(model, operator)
    if depthwise.input.shape[3] != 1:
        return f"its input has {depthwise.input.shape[3]} channels"
    conv = Convolution(
        operator=operator,
        options=depthwise.options,
        input=depthwise.input,
        output=depthwise.output,
        rows=depthwise.rows,
        columns=depthwise.columns,
        weights=depthwise.filters[..., None],
        bias=depthwise.bias,
        factors=depthwise.factors,
        multipliers=depthwise.multipliers,
        limits=depthwise.limits,
        description=depthwise.description,
    )
    return call_of(Pair(conv, None, conv.limits))


CHAINED = Variant(
    name="chained convolution",
    operator="DEPTHWISE_CONV_2D",
    goals=("speed",),
    about="over a single input channel: a convolution of four filters in three accumulators",
    match=partial(match, conv_2d_chained.call_of),
)
DUAL = Variant(
    name="convolution",
    operator="DEPTHWISE_CONV_2D",
    goals=("speed", "size"),
    about="over a single input channel: the convolution's two products an instruction",
    match=partial(match, conv_2d_dual.call_of),
)
