"""An activation that only clamps goes into the operator that alone feeds it.

Whether it does is looked up in its table of 256 outputs; both tensors must be quantised alike, or the
producer would round to other steps.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN, activation_range
from codegen.aot.families.lookup import Lookup
from codegen.aot.operators import module_of
from codegen.aot.rewrite.change import Change, with_operators
from contract.graph import Model, Operator

CLAMPS = ("RELU", "RELU6", "RELU_N1_TO_1")


def fold_activations(model: Model) -> tuple[Model, list[Change]]:
    """The model without them."""
    changes = []
    for operator in model.operators:
        producer = _only_producer(model, operator)
        clamp = None if producer is None else _clamp(model, operator)
        if producer is None or clamp is None:
            continue
        options: Any = producer.options
        fused = replace(producer, outputs=operator.outputs, options=replace(options, activation=clamp))
        model = with_operators(model, [fused], without=[operator])
        changes.append(Change(operator, f"the {clamp} that {producer} ends with"))
    return model, changes


def _only_producer(model: Model, operator: Operator) -> Operator | None:
    """What computes the operator's input for it alone, and has no activation yet."""
    source = operator.inputs[0] if operator.inputs else None
    producers = [one for one in model.operators if source in one.outputs]
    if len(producers) != 1 or source in model.outputs or len(model.readers[producers[0].outputs[0]]) != 1:
        return None
    is_free = getattr(producers[0].options, "activation", None) == "NONE"
    return producers[0] if is_free and producers[0].name != "CONCATENATION" else None


def _clamp(model: Model, operator: Operator) -> str | None:
    """The fused activation that gives the same outputs as `operator`, for all 256 inputs."""
    checked = module_of(operator).read(model, operator)
    if not isinstance(checked, Lookup) or not checked.input.is_quantised_as(checked.output):
        return None
    if (checked.input.tensor.type, checked.output.tensor.type) != ("INT8", "INT8"):
        return None
    values = np.arange(INT8_MIN, INT8_MAX + 1)
    for name in CLAMPS:
        limits = activation_range(name, checked.output.scale, checked.output.zero_point, str(operator))
        if np.array_equal(np.clip(values, *limits), checked.table):
            return name
    return None
