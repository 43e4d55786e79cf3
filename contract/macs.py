"""Multiply-accumulates of a model: what every engine has to do, or to find a way around."""

from contract.graph import Model, Operator
from contract.operators import REGISTRY


def operator_macs(model: Model, operator: Operator) -> int:
    """Of one inference, padding included; of none for what is no operator of the schema."""
    spec = REGISTRY.get(operator.name)
    return 0 if spec is None else spec.multiply_accumulates(model, operator)


def multiply_accumulates(model: Model) -> int:
    """Of one inference: those of all operators."""
    return sum(operator_macs(model, operator) for operator in model.operators)
