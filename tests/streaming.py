"""Networks with variables: states that live from one inference to the next."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from tests.networks import Network

CODES = schema.BuiltinOperator


class Streaming:
    """Adds variables to a network; their first values come from a second subgraph, as the converter has
    it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._handles: dict[str, int] = {}
        self._first: list[tuple[str, NDArray[Any], float, int]] = []

    def variable(
        self, name: str, shape: tuple[int, ...], scale: float, zero_point: int, first: NDArray[np.int8] | None
    ) -> int:
        """What READ_VARIABLE gives: the variable as it is now."""
        self._handles[name] = self._handle(self.network, name)
        if first is not None:
            self._first.append((name, first, scale, zero_point))
        value = self.network.activation(name, shape, scale, zero_point)
        options = schema.ReadVariableOptionsT()
        self._add(self.network, CODES.READ_VARIABLE, [self._handles[name]], [value], "ReadVariable", options)
        self.network.last = value
        return value

    def assign(self, name: str, value: int) -> None:
        options = schema.AssignVariableOptionsT()
        inputs = [self._handles[name], value]
        self._add(self.network, CODES.ASSIGN_VARIABLE, inputs, [], "AssignVariable", options)

    def finish(self) -> Network:
        """The network with its second subgraph, which CALL_ONCE runs before everything else."""
        if not self._first:
            return self.network
        outer, inner = self.network, Network((1,))
        inner.tensors.clear()
        inner.model, main = outer.model, outer.model.subgraphs[0]
        for name, values, scale, zero_point in self._first:
            handle = self._handle(inner, name)
            value = inner.constant(name, values, [scale])
            inner.tensors[value].quantization.zeroPoint = [zero_point]
            options = schema.AssignVariableOptionsT()
            self._add(inner, CODES.ASSIGN_VARIABLE, [handle, value], [], "AssignVariable", options)
        graph = schema.SubGraphT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = inner.tensors, inner.operators, [], []
        outer.model.subgraphs = [main, graph]
        call = schema.CallOnceOptionsT()
        call.initSubgraphIndex = 1
        outputs = main.outputs
        self._add(outer, CODES.CALL_ONCE, [], [], "CallOnce", call)
        outer.operators.insert(0, outer.operators.pop())
        main.outputs = outputs
        return outer

    def _handle(self, network: Network, name: str) -> int:
        handle = network.integers("handle", (1,))
        network.tensors[handle].type = schema.TensorType.RESOURCE
        options = schema.VarHandleOptionsT()
        options.container, options.sharedName = "", name
        self._add(network, CODES.VAR_HANDLE, [], [handle], "VarHandle", options)
        return handle

    def _add(
        self, network: Network, code: int, inputs: list[int], outputs: list[int], kind: str, options: Any
    ) -> None:
        before = network.last, network.model.subgraphs[0].outputs
        network.add(code, 1, inputs, outputs[0] if outputs else 0, f"{kind}Options", options)
        network.operators[-1].outputs = outputs
        network.last, network.model.subgraphs[0].outputs = before
