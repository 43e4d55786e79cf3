"""Builds small int8 flatbuffers without a converter, and runs them by TensorFlow Lite Micro.

A Network starts with its input; every method adds an operator behind the last one:

    network = Network((1, 8, 8, 3), scale=0.05, zero_point=-3)
    network.conv_2d(weights, weight_scales, bias, scale=0.1, zero_point=4)
    outputs = reference(network.flatbuffer(), inputs)

What a converter would derive (output shapes, the bias's scale) is derived here by TensorFlow's own rules,
written down independently of codegen. `network.model` is the schema's object tree: a test may change
anything in it before `flatbuffer()`.
"""

import math
from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray
from tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from contract.flatbuffer import parse_model

ACTIVATIONS = {"NONE": 0, "RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3, "TANH": 4}
PADDINGS = {"SAME": 0, "VALID": 1}
ARENA_BYTES = 1 << 20

# An operator that no runtime of this project will ever have, for tests of refusals.
UNSUPPORTED = "LSH_PROJECTION"


class Network:
    """A chain of operators. `model` is the schema's ModelT, `tensors` and `operators` its lists."""

    def __init__(self, shape: Sequence[int], scale: float = 0.05, zero_point: int = 0) -> None:
        self.model: Any = schema.ModelT()
        self.model.version = 3
        empty = schema.BufferT()
        empty.data = []
        self.model.buffers = [empty]
        self.model.operatorCodes = []
        self.model.signatureDefs = None
        graph = schema.SubGraphT()
        self.tensors: list[Any] = []
        self.operators: list[Any] = []
        graph.tensors, graph.operators = self.tensors, self.operators
        self.model.subgraphs = [graph]
        self.last = self.activation("input", shape, scale, zero_point)
        graph.inputs = [self.last]
        graph.outputs = [self.last]

    def flatbuffer(self) -> bytes:
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the last tensor."""
        return tuple(self.tensors[self.last].shape)

    @property
    def scale(self) -> float:
        """The scale of the last tensor."""
        return float(self.tensors[self.last].quantization.scale[0])

    # ---- tensors ----

    def activation(self, name: str, shape: Sequence[int], scale: float, zero_point: int) -> int:
        return self._tensor(name, shape, schema.TensorType.INT8, [scale], [zero_point], buffer=0)

    def unsigned(self, name: str, shape: Sequence[int], scale: float, zero_point: int) -> int:
        return self._tensor(name, shape, schema.TensorType.UINT8, [scale], [zero_point], buffer=0)

    def real(self, name: str, shape: Sequence[int]) -> int:
        return self._tensor(name, shape, schema.TensorType.FLOAT32, [], [], buffer=0)

    def logical(self, name: str, shape: Sequence[int]) -> int:
        """A bool activation."""
        return self._tensor(name, shape, schema.TensorType.BOOL, [], [], buffer=0)

    def integers(self, name: str, shape: Sequence[int]) -> int:
        """An int32 activation, as shapes are computed with."""
        return self._tensor(name, shape, schema.TensorType.INT32, [], [], buffer=0)

    def set_input(self, tensor: int) -> None:
        """Begin with `tensor` instead, before any operator is added."""
        self.model.subgraphs[0].inputs = [tensor]
        self.last = tensor

    def quantize(self, output: int) -> None:
        self.add(schema.BuiltinOperator.QUANTIZE, 1, [self.last], output)

    def dequantize(self) -> None:
        self.add(schema.BuiltinOperator.DEQUANTIZE, 2, [self.last], self.real("real", self.shape))

    def constant(
        self, name: str, values: NDArray[Any], scales: Sequence[float] = (), dimension: int = 0
    ) -> int:
        """A constant, quantised with zero points of 0 where it has scales."""
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        kind = getattr(schema.TensorType, values.dtype.name.upper())
        place = len(self.model.buffers) - 1
        return self._tensor(name, values.shape, kind, scales, [0] * len(scales), place, dimension)

    def _tensor(
        self,
        name: str,
        shape: Sequence[int],
        kind: int,
        scales: Sequence[float],
        zero_points: Sequence[int],
        buffer: int,
        dimension: int = 0,
    ) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), kind, buffer
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = [float(np.float32(scale)) for scale in scales]
        tensor.quantization.zeroPoint = list(zero_points)
        tensor.quantization.quantizedDimension = dimension
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    # ---- operators ----

    def conv_2d(
        self,
        weights: NDArray[np.int8],  # (filters, height, width, channels)
        weight_scales: Sequence[float],  # one, or one a filter
        bias: NDArray[np.int32] | None,
        scale: float,
        zero_point: int,
        *,
        padding: str = "VALID",
        stride: tuple[int, int] = (1, 1),
        dilation: tuple[int, int] = (1, 1),
        activation: str = "NONE",
    ) -> None:
        options = schema.Conv2DOptionsT()
        options.padding = PADDINGS[padding]
        options.strideH, options.strideW = stride
        options.dilationHFactor, options.dilationWFactor = dilation
        options.fusedActivationFunction = ACTIVATIONS[activation]
        size = _windows(padding, self.shape[1:3], weights.shape[1:3], stride, dilation)
        inputs = [self.last, *self._weights_and_bias(weights, weight_scales, bias)]
        output = self.activation("conv", (self.shape[0], *size, len(weights)), scale, zero_point)
        self.add(schema.BuiltinOperator.CONV_2D, 3, inputs, output, "Conv2DOptions", options)

    def depthwise_conv_2d(
        self,
        weights: NDArray[np.int8],  # (1, height, width, output channels)
        weight_scales: Sequence[float],  # one, or one an output channel
        bias: NDArray[np.int32] | None,
        scale: float,
        zero_point: int,
        *,
        padding: str = "VALID",
        stride: tuple[int, int] = (1, 1),
        dilation: tuple[int, int] = (1, 1),
        activation: str = "NONE",
    ) -> None:
        options = schema.DepthwiseConv2DOptionsT()
        options.padding = PADDINGS[padding]
        options.strideH, options.strideW = stride
        options.dilationHFactor, options.dilationWFactor = dilation
        options.fusedActivationFunction = ACTIVATIONS[activation]
        options.depthMultiplier = weights.shape[3] // self.shape[3]
        size = _windows(padding, self.shape[1:3], weights.shape[1:3], stride, dilation)
        inputs = [self.last, *self._weights_and_bias(weights, weight_scales, bias, dimension=3)]
        output = self.activation("depthwise", (self.shape[0], *size, weights.shape[3]), scale, zero_point)
        self.add(
            schema.BuiltinOperator.DEPTHWISE_CONV_2D, 3, inputs, output, "DepthwiseConv2DOptions", options
        )

    def max_pool_2d(
        self,
        window: tuple[int, int] = (2, 2),
        stride: tuple[int, int] = (2, 2),
        padding: str = "VALID",
        activation: str = "NONE",
    ) -> None:
        options = schema.Pool2DOptionsT()
        options.padding = PADDINGS[padding]
        options.filterHeight, options.filterWidth = window
        options.strideH, options.strideW = stride
        options.fusedActivationFunction = ACTIVATIONS[activation]
        size = _windows(padding, self.shape[1:3], window, stride)
        self.add(
            schema.BuiltinOperator.MAX_POOL_2D,
            2,
            [self.last],
            self._like_input("pool", (self.shape[0], *size, self.shape[3])),
            "Pool2DOptions",
            options,
        )

    def average_pool_2d(
        self,
        window: tuple[int, int] = (2, 2),
        stride: tuple[int, int] = (2, 2),
        padding: str = "VALID",
        activation: str = "NONE",
    ) -> None:
        """Options, shapes and version are those of max_pool_2d."""
        self.max_pool_2d(window, stride, padding, activation)
        code = self.model.operatorCodes[-1]
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.AVERAGE_POOL_2D

    def fully_connected(
        self,
        weights: NDArray[np.int8],  # (units, depth)
        weight_scales: Sequence[float],  # one, or one a unit
        bias: NDArray[np.int32] | None,
        scale: float,
        zero_point: int,
        *,
        activation: str = "NONE",
        keep_num_dims: bool = False,
    ) -> None:
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = ACTIVATIONS[activation]
        options.keepNumDims = keep_num_dims
        units, depth = weights.shape
        rows = (math.prod(self.shape) // depth,)
        inputs = [self.last, *self._weights_and_bias(weights, weight_scales, bias)]
        shape = (*(self.shape[:-1] if keep_num_dims else rows), units)
        output = self.activation("dense", shape, scale, zero_point)
        self.add(schema.BuiltinOperator.FULLY_CONNECTED, 4, inputs, output, "FullyConnectedOptions", options)

    def reshape(self, shape: Sequence[int]) -> None:
        inputs = [self.last, self.constant("shape", np.array(shape, np.int32))]
        options = schema.ReshapeOptionsT()
        options.newShape = list(shape)
        output = self._like_input("reshape", shape)
        self.add(schema.BuiltinOperator.RESHAPE, 1, inputs, output, "ReshapeOptions", options)

    def softmax(self, beta: float = 1.0) -> None:
        options = schema.SoftmaxOptionsT()
        options.beta = beta
        output = self.activation("softmax", self.shape, 1 / 256, -128)
        self.add(schema.BuiltinOperator.SOFTMAX, 2, [self.last], output, "SoftmaxOptions", options)

    def _like_input(self, name: str, shape: Sequence[int]) -> int:
        quantization = self.tensors[self.last].quantization
        return self.activation(name, shape, quantization.scale[0], quantization.zeroPoint[0])

    def _weights_and_bias(
        self,
        weights: NDArray[np.int8],
        scales: Sequence[float],
        bias: NDArray[np.int32] | None,
        dimension: int = 0,
    ) -> list[int]:
        places = [self.constant("weights", weights, scales, dimension)]
        if bias is not None:
            places.append(self.constant("bias", bias, [self.scale * float(np.float32(s)) for s in scales]))
        return places

    def add(
        self,
        code: int,
        version: int,
        inputs: list[int],
        output: int,
        kind: str = "NONE",
        options: Any = None,
    ) -> None:
        """Append any operator: its BuiltinOperator code, tensor indices, and the BuiltinOptions table `kind`.

        `self.last` is the index of the last operator's output, `self.activation` makes a new tensor.
        """
        operator_code = schema.OperatorCodeT()
        operator_code.builtinCode = code
        operator_code.deprecatedBuiltinCode = min(code, 127)
        operator_code.version = version
        self.model.operatorCodes.append(operator_code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs, operator.outputs = inputs, [output]
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
        operator.builtinOptions = options
        self.operators.append(operator)
        self.last = output
        self.model.subgraphs[0].outputs = [output]


def _windows(
    padding: str,
    inputs: Sequence[int],
    taps: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int] = (1, 1),
) -> list[int]:
    """How many windows fit in height and width: the formulas in tf.nn.convolution's documentation."""
    return [
        math.ceil((size if padding == "SAME" else size - (tap - 1) * dilation) / stride)
        for size, tap, stride, dilation in zip(inputs, taps, strides, dilations, strict=True)
    ]


def reference(flatbuffer: bytes, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    """The outputs (N, bytes of all outputs) of TensorFlow Lite Micro for `inputs` (N, bytes of all inputs),
    one after the other, whatever the types of inputs and outputs."""
    model = parse_model(flatbuffer)
    interpreter = runtime.Interpreter.from_bytes(flatbuffer, arena_size=ARENA_BYTES)
    tensors = [model.tensors[index] for index in model.inputs]
    ends = np.cumsum([tensor.bytes for tensor in tensors])[:-1]
    outputs = []
    for row in inputs:
        for place, (part, tensor) in enumerate(zip(np.split(row, ends), tensors, strict=True)):
            interpreter.set_input(part.copy().view(tensor.dtype).reshape(tensor.shape), place)
        interpreter.invoke()
        answers = [interpreter.get_output(place) for place in range(len(model.outputs))]
        outputs.append(np.concatenate([answer.ravel().view(np.int8) for answer in answers]))
    return np.array(outputs, np.int8)


def some_inputs(network: Network, generator: np.random.Generator, count: int = 4) -> NDArray[np.int8]:
    """(count + 2, input bytes): random inputs behind the two constant extremes."""
    inputs = network.model.subgraphs[0].inputs
    size = sum(math.prod(network.tensors[index].shape) for index in inputs)
    return np.concatenate(
        [
            np.full((1, size), -128, np.int8),
            np.full((1, size), 127, np.int8),
            generator.integers(-128, 128, (count, size)).astype(np.int8),
        ]
    )


def classifier(generator: np.random.Generator, per_channel_dense: bool = False) -> Network:
    """A convolution, a pooling, a reshape, a dense layer and a softmax: every operator once."""
    network = Network((1, 6, 6, 2), scale=1 / 255, zero_point=-128)
    network.conv_2d(
        random_weights(generator, (3, 3, 3, 2)),
        [0.01, 0.02, 0.015],
        generator.integers(-500, 500, 3).astype(np.int32),
        scale=0.02,
        zero_point=-128,
        padding="SAME",
        activation="RELU",
    )
    network.max_pool_2d()
    network.reshape((1, 27))
    network.fully_connected(
        random_weights(generator, (4, 27)),
        [0.01, 0.012, 0.009, 0.02] if per_channel_dense else [0.01],
        generator.integers(-500, 500, 4).astype(np.int32),
        scale=0.1,
        zero_point=5,
    )
    network.softmax()
    return network


def convolution_of(edges: str, generator: np.random.Generator) -> Network:
    """An int8 convolution whose model has FLOAT32 or UINT8 as the type of its `edges`."""
    network = Network((1, 5, 5, 2))
    network.set_input(
        network.real("image", (1, 5, 5, 2))
        if edges == "FLOAT32"
        else network.unsigned("image", (1, 5, 5, 2), 1 / 255, 0)
    )
    network.quantize(network.activation("quantised", (1, 5, 5, 2), 1 / 255, -128))
    weights = random_weights(generator, (3, 3, 3, 2))
    network.conv_2d(weights, [0.01, 0.02, 0.015], None, 0.02, -128, activation="RELU")
    if edges == "FLOAT32":
        network.dequantize()
    else:
        network.quantize(network.unsigned("output", network.shape, 0.02, 0))
    return network


def make_unsupported(network: Network, operator: int) -> None:
    """Give the operator at this place a code that no runtime knows."""
    code = network.model.operatorCodes[network.operators[operator].opcodeIndex]
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, UNSUPPORTED)


def random_weights(generator: np.random.Generator, shape: Sequence[int]) -> NDArray[np.int8]:
    return generator.integers(-127, 128, shape).astype(np.int8)
