"""Tensors and factors in words, for the comments of the generated code."""

from codegen.c_source import number
from contract.graph import Quantization, Tensor


def shape(dimensions: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(str, dimensions)) + "]"


def tensor(what: str, tensor: Tensor) -> str:
    """One line about a tensor: type, shape, scale and zero point."""
    line = f"  {what:<9}{tensor.type.lower()} {shape(tensor.shape)}"
    return line if tensor.quantization is None else f"{line}, {_quantization(tensor.quantization)}"


def _quantization(quantization: Quantization) -> str:
    if quantization.per_channel:
        scales = quantization.scales
        return f"per channel, scales {number(min(scales))} to {number(max(scales))}"
    zero_point = f", zero point {quantization.zero_point}" if quantization.zero_point else ""
    return f"scale {number(quantization.scale)}{zero_point}"


def activation(name: str) -> str:
    """The fused activation function."""
    return "no activation" if name == "NONE" else f"fused {name}"
