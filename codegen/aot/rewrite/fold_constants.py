"""Operators whose output is known when the code is generated: SHAPE, and what is computed from constants.

TensorFlow's converter writes SHAPE, STRIDED_SLICE and PACK for every Flatten of a model with a free batch.
"""

from dataclasses import replace

from codegen.aot.operators import value_of
from codegen.aot.rewrite.change import Change, with_operators, with_tensors
from contract.errors import UserError
from contract.graph import Model


def fold_constants(model: Model) -> tuple[Model, list[Change]]:
    """The model without them: their outputs become constants. Outputs of the model stay computed."""
    changes = []
    for operator in model.operators:
        if any(index in model.outputs for index in operator.outputs):
            continue
        value = value_of(model, operator)
        if value is None:
            continue
        output = model.tensors[operator.outputs[0]]
        if output.shape != value.shape or output.dtype != value.dtype:
            raise UserError(
                f"{operator} gives {value.dtype} of shape {list(value.shape)}, which {output} cannot hold; "
                "convert the model again"
            )
        data = value.astype(output.dtype).tobytes()
        model = with_tensors(model, [replace(output, data=data)])
        changes.append(Change(operator, "a constant, computed when the code is generated"))
    return with_operators(model, (), without=[change.operator for change in changes]), changes
