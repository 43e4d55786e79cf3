"""The operators of the engine, one file each: `plan(model, operator, layer)` returns a Step or an Alias."""

from collections.abc import Callable

from codegen.aot.operators import conv_2d, fully_connected, max_pool_2d, reshape, softmax
from codegen.aot.step import Alias, Step
from contract.graph import Model, Operator

PLANNERS: dict[str, Callable[[Model, Operator, str], Step | Alias]] = {
    "CONV_2D": conv_2d.plan,
    "FULLY_CONNECTED": fully_connected.plan,
    "MAX_POOL_2D": max_pool_2d.plan,
    "RESHAPE": reshape.plan,
    "SOFTMAX": softmax.plan,
}
