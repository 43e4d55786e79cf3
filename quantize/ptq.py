"""Post-training quantisation: the trained weights stay, ranges come from the representative dataset."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import UserError
from quantize.capture import captured_output


def converted(model: Any, representative: Sequence[NDArray[np.float32]]) -> bytes:
    """The full-integer flatbuffer of `model` (Keras, a batch of 1) as the converter writes it.

    `representative`: for each input float32 (N, *input shape). Inputs and outputs are int8, convolution
    weights are quantised per channel, dense weights per tensor. UserError for a layer without int8 operators.
    """
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)

    def images() -> Iterator[list[NDArray[np.float32]]]:
        for image in zip(*representative, strict=True):
            yield [
                value[np.newaxis].astype(given.dtype)
                for value, given in zip(image, model.inputs, strict=True)
            ]

    converter.representative_dataset = images
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    return full_integer(converter)


def full_integer(converter: Any) -> bytes:
    """Run a TFLite converter that knows the ranges: quantised, int8 in, int8 out, one scale a dense layer."""
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    # TensorFlow would quantise dense weights per channel. The TensorFlow Lite Micro libraries that exist for
    # Arduino know one scale a dense layer and would use the first channel's for all (contract/runtimes.py).
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    try:
        with captured_output():
            flatbuffer: bytes = converter.convert()
    except Exception as error:  # the converter's errors have no type of their own
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"the model cannot be converted to int8 operators alone: {reason}") from error
    return flatbuffer
