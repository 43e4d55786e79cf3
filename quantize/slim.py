"""A smaller flatbuffer that computes the same: what no runtime reads is left out.

The converter writes tensor names, signatures, metadata, a description and calibration ranges beside the
model, and an empty buffer for every activation. On the first network they are 1.4 KB of 11 KB of flash.
"""

from typing import Any

from contract.errors import UserError
from quantize.packing import packed, unpacked

BUFFER_ALIGNMENT = 16  # bytes; the schema's force_align, which the Python packer does not keep by itself


def slim(flatbuffer: bytes) -> bytes:
    """The same model without names, signatures, metadata, description, calibration ranges and unused parts.

    Operators, tensors and their order, quantisation and constants stay, and the names of inputs and outputs
    where there are several of them. Constants keep their alignment of 16 bytes within the file. Equal models
    give equal bytes, whatever they were called in the process that made them. UserError for a model with more
    than one subgraph.
    """
    model = unpacked(flatbuffer)
    if len(model.subgraphs) != 1:
        raise UserError(f"the flatbuffer has {len(model.subgraphs)} subgraphs instead of one")
    graph = model.subgraphs[0]
    model.description = model.signatureDefs = model.metadata = model.metadataBuffer = None
    graph.name = None
    named = {int(index) for side in (graph.inputs, graph.outputs) if len(side) > 1 for index in side}
    for index, tensor in enumerate(graph.tensors):
        if index not in named:
            tensor.name = None
        tensor.shapeSignature = None  # only says which dimensions were open; none is
        if tensor.quantization is not None:
            tensor.quantization.min = tensor.quantization.max = None
    _drop_unused_tensors(graph)
    _drop_unused_operator_codes(model)
    _pack_buffers(model)
    return packed(model)


def _drop_unused_tensors(graph: Any) -> None:
    """Leave out the tensors that nothing reads or writes, and number the others again."""
    used = {*graph.inputs, *graph.outputs}
    for operator in graph.operators:
        for indices in (operator.inputs, operator.outputs, operator.intermediates):
            used.update(() if indices is None else indices)
    kept = sorted(int(index) for index in used if index >= 0)
    place = {index: new for new, index in enumerate(kept)} | {-1: -1}  # -1 is an optional input not given
    graph.tensors = [graph.tensors[index] for index in kept]
    graph.inputs = [place[int(index)] for index in graph.inputs]
    graph.outputs = [place[int(index)] for index in graph.outputs]
    for operator in graph.operators:
        operator.inputs = [place[int(index)] for index in operator.inputs]
        operator.outputs = [place[int(index)] for index in operator.outputs]
        if operator.intermediates is not None:
            operator.intermediates = [place[int(index)] for index in operator.intermediates]


def _drop_unused_operator_codes(model: Any) -> None:
    """Leave out the operator codes that no operator has; order the others by first use."""
    operators = model.subgraphs[0].operators
    used = list(dict.fromkeys(operator.opcodeIndex for operator in operators))
    model.operatorCodes = [model.operatorCodes[index] for index in used]
    for operator in operators:
        operator.opcodeIndex = used.index(operator.opcodeIndex)


def _pack_buffers(model: Any) -> None:
    """One buffer a constant, equal constants sharing theirs; activations share the empty buffer 0."""
    places: dict[bytes, int] = {b"": 0}
    for tensor in model.subgraphs[0].tensors:
        data = model.buffers[tensor.buffer].data
        constant = b"" if data is None else bytes(data)
        tensor.buffer = places.setdefault(constant, len(places))
    model.buffers = [_AlignedBuffer(constant) for constant in places]


class _AlignedBuffer:
    """Packs one Buffer table; stands in for the generated BufferT, which aligns data to a single byte."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def Pack(self, builder: Any) -> int:  # noqa: N802  the generated ModelT calls it so
        from tensorflow.lite.python import schema_py_generated as schema

        vector = None
        if self.data:
            builder.StartVector(1, len(self.data), BUFFER_ALIGNMENT)
            builder.head -= len(self.data)
            builder.Bytes[builder.head : builder.head + len(self.data)] = self.data
            vector = builder.EndVector()
        schema.BufferStart(builder)
        if vector is not None:
            schema.BufferAddData(builder, vector)
        return int(schema.BufferEnd(builder))
