"""TABLE: an output for each of the 256 values of an int8; no operator of the schema, but what
codegen/aot/rewrite/float_islands.py makes of some (firmware/engines/aot/kernels/lookup.h, lookup_real.h)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.call import Constant, KernelCall
from codegen.aot.operands import expect_shape, input_of
from codegen.aot.overlap import IN_PLACE
from contract.graph import Model, Operator

NAME = "TABLE"


@dataclass(frozen=True)
class TableOptions:
    values: NDArray[Any]  # (256,), for the inputs -128 to 127: int8, uint8 or float32, as the output
    operators: tuple[str, ...]  # the names of those it stands for


@dataclass(frozen=True)
class Table:
    """A checked table."""

    operator: Operator
    input: int  # tensor indices
    output: int
    count: int
    values: NDArray[Any]
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Table:
    """The operator with everything checked."""
    options = operator.options
    assert isinstance(options, TableOptions)
    input, output = input_of(model, operator), model.tensors[operator.outputs[0]]
    expect_shape(operator, output, input.shape)
    description = (
        f"{', '.join(options.operators)}, as a table",
        describe.tensor("input", input.tensor),
        describe.tensor("output", output),
    )
    return Table(operator, input.index, output.index, output.elements, options.values, description)


def portable(table: Table) -> KernelCall:
    """The kernel for the type of the output."""
    is_real = table.values.dtype == np.float32
    kernel = "lookup_real" if is_real else "lookup"
    values: NDArray[np.integer] = table.values.view(np.int32 if is_real else np.int8)
    return KernelCall(
        operators=(table.operator,),
        kernel=kernel,
        header=f"kernels/{kernel}.h",
        inputs=(table.input,),
        outputs=(table.output,),
        parameters={"count": table.count, "table": Constant("table", values)},
        description=table.description,
        overlaps={} if is_real else {table.input: IN_PLACE},
    )
