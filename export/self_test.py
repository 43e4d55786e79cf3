"""The self-test of a library: inputs of the test set, and the bytes that TensorFlow Lite Micro answers."""

import numpy as np
from numpy.typing import NDArray

from contract.reference import Reference
from export.library import Files, Library

STEPS_OF_STATE = 3  # inferences one after another, where each depends on those before it
WIDTH = 16  # bytes a line


def self_test(library: Library, stateful: bool) -> Files:
    """self_test.h and self_test.c, in the folder of the example; empty without a reference."""
    if library.reference is None:
        return {}
    return {
        "self_test.h": _header(library),
        "self_test.c": _source(library, library.reference, STEPS_OF_STATE if stateful else 1),
    }


def _header(library: Library) -> str:
    return f"""/** @file
 * Whether {library.name} gives on this processor what it gave when it was made. */
#ifndef {library.interface.upper}_SELF_TEST_H
#define {library.interface.upper}_SELF_TEST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

/** The first output byte that is not as expected: its position, counted over all outputs and steps; -1 where
 *  all are. */
struct self_test_result {{
    int32_t at;
    int given, expected;
}};

/** Run the inputs of self_test.c. */
struct self_test_result self_test(void);

#ifdef __cplusplus
}}
#endif

#endif
"""


def _source(library: Library, reference: Reference, steps: int) -> str:
    interface = library.interface
    inputs, outputs = _bytes(reference.inputs[:steps]), _bytes(reference.outputs[:steps])
    steps = len(inputs)
    of_data = library.manifest.dataset_sha256 is not None
    net = [f"static struct {library.name} net;", ""] if interface.instances else []
    writes, checks, start = [], [], 0
    for edge in library.inputs:
        to = f"{library.name}_input({interface.arguments(edge.place(interface), net='&net')})"
        writes.append(f"        memcpy({to}, inputs[step] + {start}, {edge.bytes});")
        start += edge.bytes
    start = 0
    for edge in library.outputs:
        given = f"{library.name}_output({interface.arguments(edge.place(interface), net='&net')})"
        checks.append(
            f"""        given = {given};
        for (int32_t i = 0; i < {edge.bytes}; i++) {{
            if (given[i] != outputs[step][{start} + i]) {{
                return (struct self_test_result){{step * {outputs.shape[1]} + {start} + i, given[i],
                                          outputs[step][{start} + i]}};
            }}
        }}"""
        )
        start += edge.bytes
    lines = [
        f"/* {'An input' if steps == 1 else f'{steps} inputs'} "
        f"{'of the test set' if of_data else 'drawn at random'}, and what TensorFlow Lite Micro answers. */",
        '#include "self_test.h"',
        "",
        "#include <string.h>",
        "",
        f'#include "{library.name}.h"',
        "",
        *net,
        _array("inputs", inputs),
        "",
        _array("outputs", outputs),
        "",
        "struct self_test_result self_test(void) {",
        f"    {library.name}_init({interface.arguments(net='&net')});",
        f"    for (int32_t step = 0; step < {steps}; step++) {{",
        "        const int8_t *given;",
        *writes,
        f"        {library.name}_invoke({interface.arguments(net='&net')});",
        *checks,
        "    }",
        "    return (struct self_test_result){-1, 0, 0};",
        "}",
        "",
    ]
    return "\n".join(lines)


def _bytes(values: NDArray[np.generic]) -> NDArray[np.int8]:
    return np.ascontiguousarray(values).view(np.int8).reshape(len(values), -1)


def _array(name: str, values: NDArray[np.int8]) -> str:
    rows = []
    for step in values:
        lines = (step[start : start + WIDTH] for start in range(0, len(step), WIDTH))
        rows.append(
            "    {\n" + "\n".join("        " + ", ".join(map(str, line)) + "," for line in lines) + "\n    },"
        )
    body = "\n".join(rows)
    return f"static const int8_t {name}[{values.shape[0]}][{values.shape[1]}] = {{\n{body}\n}};"
