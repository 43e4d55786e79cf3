"""Multiply-accumulates of a model: what every engine has to do, or to find a way around."""

from contract.flatbuffer import Model

FLOOR_MACS_AN_INSTRUCTION = 2  # SMLAD; nothing on a Cortex-M4 multiplies more at once


def multiply_accumulates(model: Model) -> int:
    """The products of all CONV_2D and FULLY_CONNECTED operators, padding included."""
    total = 0
    for operator in model.operators:
        if operator.name in ("CONV_2D", "FULLY_CONNECTED"):
            weights, output = model.tensors[operator.inputs[1]], model.tensors[operator.outputs[0]]
            total += output.elements * (weights.elements // weights.shape[0])
    return total
