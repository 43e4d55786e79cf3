"""model_data.h and model_data.cc: the flatbuffer as an array in flash, for an interpreter on the board."""

from codegen.c_source import GENERATED, bytes_rows, comment, number
from contract.graph import Model, Tensor

ALIGNMENT = 16  # TensorFlow Lite Micro reads the flatbuffer in place; its vectors are aligned to 16 at most


def model_data_header(model: Model, name: str) -> str:
    """The text of model_data.h."""
    about = comment(
        [
            f"The flatbuffer of model {name}, {len(model.data)} bytes.",
            GENERATED,
            "",
            f"  SHA-256  {model.sha256}",
            *(f"  input    {_described(model.tensors[index])}" for index in model.inputs),
            *(f"  output   {_described(model.tensors[index])}" for index in model.outputs),
        ]
    )
    return f"""{about}
#ifndef THIMBLE_MODEL_DATA_H
#define THIMBLE_MODEL_DATA_H

#include <stddef.h>
#include <stdint.h>

constexpr size_t model_data_bytes = {len(model.data)};
extern const uint8_t model_data[model_data_bytes];

#endif
"""


def model_data_source(model: Model, name: str) -> str:
    """The text of model_data.cc."""
    return f"""{comment([f"The flatbuffer of model {name}.", GENERATED])}
#include "model_data.h"

alignas({ALIGNMENT}) const uint8_t model_data[model_data_bytes] = {{
{bytes_rows(model.data)}
}};
"""


def _described(tensor: Tensor) -> str:
    text = f"{tensor.type.lower()} {list(tensor.shape)}"
    if tensor.quantization is not None:
        text += f", scale {number(tensor.quantization.scale)}, zero point {tensor.quantization.zero_point}"
    return text
