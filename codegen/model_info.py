"""model_info.h and model_info.c: what the firmware knows about the model (firmware/engine.h)."""

from codegen.c_source import GENERATED, bytes_rows, comment, float_literal, string
from contract.errors import UserError
from contract.graph import Model, Tensor

MAX_RANK = 6  # ENGINE_MAX_RANK of firmware/engine.h


def model_info(model: Model, name: str) -> str:
    """The text of model_info.c. UserError where input or output has more than six dimensions."""
    return f"""{comment(["What the firmware tells the host about the model.", GENERATED])}
#include "engine.h"

const struct model_info model_info = {{
    .name = {string(name)},
    .sha256 = {{
{_indented(bytes_rows(bytes.fromhex(model.sha256)))}
    }},
    .input = {_tensor_info(model.input)},
    .output = {_tensor_info(model.output)},
}};
"""


def model_info_header(model: Model) -> str:
    """The text of model_info.h: the sizes that firmware/main.c needs when it is compiled."""
    return f"""{comment(["Sizes of the model's input and output.", GENERATED])}
#ifndef MODEL_INFO_H
#define MODEL_INFO_H

enum {{ MODEL_INPUT_BYTES = {model.input.bytes}, MODEL_OUTPUT_BYTES = {model.output.bytes} }};

#endif
"""


def _tensor_info(tensor: Tensor) -> str:
    if len(tensor.shape) > MAX_RANK:
        raise UserError(
            f"{tensor} has {len(tensor.shape)} dimensions, the protocol carries {MAX_RANK}; "
            "reshape it inside the model"
        )
    scale, zero_point = tensor.scale_and_zero_point
    return f"""{{
        .type = ENGINE_TYPE_{tensor.type},
        .rank = {len(tensor.shape)},
        .shape = {{{", ".join(map(str, tensor.shape))}}},
        .bytes = {tensor.bytes},
        .scale = {float_literal(scale)},
        .zero_point = {zero_point},
    }}"""


def _indented(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())
