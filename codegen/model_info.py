"""model_info.h and model_info.c: what the firmware knows about the model (firmware/engine.h)."""

from collections.abc import Sequence

from codegen.c_source import GENERATED, bytes_rows, comment, float_literal, string
from contract.errors import UserError
from contract.graph import Model, Tensor
from contract.state import is_stateful
from contract.tensor_names import tensor_names

MAX_RANK = 6  # ENGINE_MAX_RANK of firmware/engine.h


def model_info(model: Model, name: str) -> str:
    """The text of model_info.c. UserError where an input or output has more than six dimensions, or there are
    more than 255."""
    if max(len(model.inputs), len(model.outputs)) > 255:
        raise UserError("the model has more than 255 inputs or outputs, which the protocol cannot carry")
    return f"""{comment(["What the firmware tells the host about the model.", GENERATED])}
#include "engine.h"

{_tensors("inputs", model, model.inputs)}

{_tensors("outputs", model, model.outputs)}

const struct model_info model_info = {{
    .name = {string(name)},
    .sha256 = {{
{_indented(bytes_rows(bytes.fromhex(model.sha256)))}
    }},
    .stateful = {int(is_stateful(model))},
    .input_count = {len(model.inputs)},
    .output_count = {len(model.outputs)},
    .inputs = inputs,
    .outputs = outputs,
}};
"""


def model_info_header(model: Model) -> str:
    """The text of model_info.h: the sizes that firmware/main.c needs when it is compiled."""
    inputs, outputs = (
        [model.tensors[index].bytes for index in indices] for indices in (model.inputs, model.outputs)
    )
    return f"""{comment(["Bytes of all the model's inputs, and of all its outputs.", GENERATED])}
#ifndef MODEL_INFO_H
#define MODEL_INFO_H

enum {{ MODEL_INPUT_BYTES = {sum(inputs)}, MODEL_OUTPUT_BYTES = {sum(outputs)} }};

/* The same of each, as the contents of an array. */
#define MODEL_INPUT_SIZES {", ".join(map(str, inputs))}
#define MODEL_OUTPUT_SIZES {", ".join(map(str, outputs))}

#endif
"""


def _tensors(what: str, model: Model, indices: Sequence[int]) -> str:
    names = tensor_names(model, indices, what[:-1])
    rows = (_tensor_info(model.tensors[index], name) for index, name in zip(indices, names, strict=True))
    return f"static const struct tensor_info {what}[] = {{{', '.join(rows)}}};"


def _tensor_info(tensor: Tensor, name: str) -> str:
    if len(tensor.shape) > MAX_RANK:
        raise UserError(
            f"{tensor} has {len(tensor.shape)} dimensions, the protocol carries {MAX_RANK}; "
            "reshape it inside the model"
        )
    scale, zero_point = tensor.scale_and_zero_point
    return f"""{{
        .name = {string(name)},
        .type = ENGINE_TYPE_{tensor.type},
        .rank = {len(tensor.shape)},
        .shape = {{{", ".join(map(str, tensor.shape))}}},
        .bytes = {tensor.bytes},
        .scale = {float_literal(scale)},
        .zero_point = {zero_point},
    }}"""


def _indented(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())
