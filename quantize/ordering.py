"""A flatbuffer's inputs and outputs in the order and under the names of the Keras model it came from, which
the converter keeps for neither."""

import re
from typing import Any

from quantize.packing import packed, unpacked
from quantize.ports import Ports


def in_keras_order(flatbuffer: bytes, ports: Ports) -> bytes:
    """The same model with its inputs and outputs as `ports` has them; unchanged where there is one of each.

    An input is known by the name that `quantize.network.input_marker` gave it, an output by the signature's
    output_0, output_1, ...
    """
    if len(ports.inputs) == len(ports.outputs) == 1:
        return flatbuffer
    model = unpacked(flatbuffer)
    graph = model.subgraphs[0]
    graph.inputs = sorted(graph.inputs, key=lambda index: _marked(graph.tensors[index].name))
    signature = {one.name: one.tensorIndex for one in model.signatureDefs[0].outputs}
    graph.outputs = [signature[name] for name in sorted(signature, key=_numbered)]
    for indices, side in ((graph.inputs, ports.inputs), (graph.outputs, ports.outputs)):
        for index, port in zip(indices, side, strict=True):
            graph.tensors[index].name = port.name.encode()
    return packed(model)


def _marked(name: Any) -> int:
    found = re.search(rb"input(\d+)x", bytes(name))
    return int(found[1]) if found else 0


def _numbered(name: Any) -> int:
    return int(bytes(name).rpartition(b"_")[2])
