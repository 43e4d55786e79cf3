"""SHAPE: a constant, as no shape changes while a model runs."""

import numpy as np

from codegen.aot.families.values import Values
from contract.graph import Model, Operator


def constant(model: Model, operator: Operator) -> Values:
    """The shape of the input, which need not be a constant."""
    output = model.tensors[operator.outputs[0]]
    return np.array(model.tensors[operator.inputs[0]].shape, output.dtype)
