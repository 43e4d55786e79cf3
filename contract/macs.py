"""Multiply-accumulates of a model: what every engine has to do, or to find a way around."""

from contract.flatbuffer import Model, Operator
from contract.runtimes import WEIGHTS


def operator_macs(model: Model, operator: Operator) -> int:
    """Of one inference, padding included: output elements times the weights behind each of them."""
    if operator.name not in WEIGHTS:
        return 0
    weights = model.tensors[operator.inputs[WEIGHTS[operator.name]]]
    return model.tensors[operator.outputs[0]].elements * (weights.elements // weights.shape[0])


def multiply_accumulates(model: Model) -> int:
    """Of one inference: those of all operators."""
    return sum(operator_macs(model, operator) for operator in model.operators)
