"""Reads a TFLite flatbuffer into a typed graph, checking every offset, index, shape and length on the way.

A flatbuffer is tables that point at each other by offsets; nothing in the format stops an offset from
leaving the file. `contract.tables` bounds every access; this module knows the TFLite schema (version 3,
tensorflow/lite/schema/schema.fbs) and what must hold between its parts, so that whoever gets a `Model`
may index into it without checking again.
"""

import math
from dataclasses import replace
from pathlib import Path

from contract.files import read_file
from contract.graph import ABSENT, CUSTOM, NUMPY_TYPES, Model, Operator, Quantization, Tensor
from contract.operators import REGISTRY
from contract.schema import BUILTIN_OPERATORS, CUSTOM_OPERATOR, TENSOR_TYPES
from contract.tables import FlatbufferError, Table, root_table
from contract.text import shortened

SCHEMA_VERSION = 3
MOST_DIMENSIONS = 32  # of a tensor, as many as NumPy's arrays have
MOST_ELEMENTS = 2**31 - 1  # of a tensor, and bytes: runtimes count in 32 bits


def read_model(path: Path) -> Model:
    """Read and check the flatbuffer at `path`.

    UserError where there is no such file; FlatbufferError (a UserError) where the file is damaged, cut
    short or not a TFLite model.
    """
    data = read_file(path, "name a .tflite file")
    try:
        return parse_model(data)
    except FlatbufferError as error:
        raise FlatbufferError(f"{path} is damaged or not a TFLite model: {error}; convert it again") from None


def parse_model(data: bytes) -> Model:
    """Parse and check a flatbuffer. FlatbufferError names what is wrong with it."""
    root = root_table(data, b"TFL3")
    if (version := root.uint32(0)) != SCHEMA_VERSION:
        raise FlatbufferError(f"schema version {version} instead of {SCHEMA_VERSION}")
    buffers = [_buffer_data(table, index) for index, table in enumerate(root.tables(4))]
    codes = [_operator_code(table) for table in root.tables(1)]
    graphs = [_graph(table, data, buffers, codes) for table in root.tables(2)]
    if not graphs:
        raise FlatbufferError("it has no subgraph")
    for index, graph in enumerate(graphs):
        _check_graph(graph, is_main=index == 0)
    return replace(graphs[0], subgraphs=tuple(graphs)) if len(graphs) > 1 else graphs[0]


def _graph(table: Table, data: bytes, buffers: list[bytes], codes: list[tuple[str, int]]) -> Model:
    return Model(
        data=data,
        tensors=tuple(_tensor(one, index, buffers) for index, one in enumerate(table.tables(0))),
        operators=tuple(_operator(one, index, codes) for index, one in enumerate(table.tables(3))),
        inputs=tuple(table.int32s(1)),
        outputs=tuple(table.int32s(2)),
    )


def _buffer_data(table: Table, index: int) -> bytes:
    if table.uint64(1) or table.uint64(2):
        raise FlatbufferError(f"buffer {index} lies outside the flatbuffer, which is not supported")
    return table.bytes(0)


def _operator_code(table: Table) -> tuple[str, int]:
    # Codes above 127 do not fit the old one-byte field: the larger of the two is the code.
    code = max(table.int8(0), table.int32(3))
    if code == CUSTOM_OPERATOR:
        return f"{CUSTOM}{table.string(1)}", table.int32(2, 1)
    return BUILTIN_OPERATORS.get(code, f"UNKNOWN:{code}"), table.int32(2, 1)


def _tensor(table: Table, index: int, buffers: list[bytes]) -> Tensor:
    name = table.string(3)
    where = f"tensor {index} ({shortened(name)})"
    type_code = table.int8(1)
    if type_code not in TENSOR_TYPES:
        raise FlatbufferError(f"{where} has the unknown type {type_code}")
    shape = _shape(table, where)
    buffer = table.uint32(2)
    if buffer >= len(buffers):
        raise FlatbufferError(f"{where} names buffer {buffer} of {len(buffers)}")
    quantization = table.table(4)
    tensor = Tensor(
        index=index,
        name=name,
        type=TENSOR_TYPES[type_code],
        shape=shape,
        quantization=_quantization(quantization, shape, where) if quantization else None,
        data=buffers[buffer] or None,
        is_variable=bool(table.uint8(5)),
    )
    if (tensor.bytes if tensor.type in NUMPY_TYPES else tensor.elements) > MOST_ELEMENTS:
        raise FlatbufferError(f"{where} of shape {list(shape)} needs more than {MOST_ELEMENTS:,} bytes")
    if tensor.data is not None and tensor.type in NUMPY_TYPES and len(tensor.data) != tensor.bytes:
        raise FlatbufferError(
            f"{where} has {len(tensor.data)} bytes of data, its shape {list(shape)} needs {tensor.bytes}"
        )
    return tensor


def _shape(table: Table, where: str) -> tuple[int, ...]:
    shape = tuple(table.int32s(0))
    if len(shape) > MOST_DIMENSIONS:
        raise FlatbufferError(f"{where} has {len(shape):,} dimensions, more than {MOST_DIMENSIONS}")
    if any(dimension < 0 for dimension in shape):
        raise FlatbufferError(f"{where} has the shape {list(shape)}; no dimension can be below 0")
    return shape


def _quantization(table: Table, shape: tuple[int, ...], where: str) -> Quantization | None:
    scales = tuple(table.float32s(2))
    zero_points = tuple(table.int64s(3))
    dimension = table.int32(6)
    if not scales:
        return None
    if not all(math.isfinite(scale) and scale > 0 for scale in scales):
        raise FlatbufferError(f"{where} has a scale that is not a positive number")
    if len(zero_points) != len(scales):
        raise FlatbufferError(f"{where} has {len(scales)} scales and {len(zero_points)} zero points")
    if shape == (len(scales),):  # a bias may name the dimension of its weights
        dimension = 0
    if len(scales) > 1 and not (0 <= dimension < len(shape) and shape[dimension] == len(scales)):
        raise FlatbufferError(f"{where} of shape {list(shape)} has {len(scales)} scales along {dimension}")
    return Quantization(scales, zero_points, dimension)


def _operator(table: Table, index: int, codes: list[tuple[str, int]]) -> Operator:
    code = table.uint32(0)
    if code >= len(codes):
        raise FlatbufferError(f"operator {index} names operator code {code} of {len(codes)}")
    name, version = codes[code]
    return Operator(
        index=index,
        name=name,
        version=version,
        inputs=tuple(table.int32s(1)),
        outputs=tuple(table.int32s(2)),
        options=_options(name, table.uint8(3), table.table(4), f"operator {index} ({name})"),
    )


def _options(name: str, union_type: int, table: Table | None, where: str) -> object:
    spec = REGISTRY.get(name)
    if spec is None or spec.read_options is None:
        return None
    if table is None or union_type != spec.options_code:
        raise FlatbufferError(f"{where} lacks its options")
    return spec.read_options(table, where)


def _check_graph(model: Model, is_main: bool) -> None:
    """Every index names a tensor, and every activation is written before it is read. What runs has an input,
    an output and an operator."""
    count = len(model.tensors)
    if is_main and not (model.inputs and model.outputs and model.operators):
        raise FlatbufferError("the graph has no input, no output or no operator")

    def check(indices: tuple[int, ...], where: str, optional: bool = False) -> None:
        for index in indices:
            if not (0 <= index < count or (optional and index == ABSENT)):
                raise FlatbufferError(f"{where} names tensor {index} of {count}")

    check(model.inputs, "the graph's input")
    check(model.outputs, "the graph's output")
    known = {tensor.index for tensor in model.tensors if tensor.data is not None or tensor.is_variable}
    known.update(model.inputs)
    for operator in model.operators:
        check(operator.inputs, str(operator), optional=True)
        check(operator.outputs, str(operator))
        for index in operator.inputs:
            # A custom operator may have scratch memory among its inputs, as Ethos-U's has.
            if index != ABSENT and index not in known and not operator.is_custom:
                raise FlatbufferError(f"{operator} reads {model.tensors[index]} before it is written")
        for index in operator.outputs:
            if index in known and not model.tensors[index].is_variable:
                raise FlatbufferError(f"{operator} writes {model.tensors[index]}, which has a value already")
        known.update(operator.outputs)
    for index in model.outputs:
        if index not in known:
            raise FlatbufferError(f"nothing writes the graph's output, {model.tensors[index]}")
