"""op_resolver.h: a resolver with exactly the operators of one model."""

from codegen.c_source import GENERATED, comment
from contract.graph import Model
from contract.operators import REGISTRY

# Including a library's umbrella header first is how Arduino's builder finds the library. It does not look
# behind __has_include, so the one right header is generated.
UMBRELLA_HEADERS = {"chirale": "Chirale_TensorFlowLite.h", "arduino": "TensorFlowLite.h"}


def op_resolver_header(model: Model, name: str, library: str) -> str:
    """The text of op_resolver.h; `library` is a key of UMBRELLA_HEADERS."""
    operators = sorted({operator.name for operator in model.operators})
    registered = " &&\n           ".join(
        f"resolver.{REGISTRY[operator].resolver_method}() == kTfLiteOk" for operator in operators
    )
    about = comment(
        [
            f"The operators that the model {name} is made of, and no other: each kernel costs flash.",
            GENERATED,
        ]
    )
    return f"""{about}
#ifndef THIMBLE_OP_RESOLVER_H
#define THIMBLE_OP_RESOLVER_H

#include <{UMBRELLA_HEADERS[library]}>
#include <tensorflow/lite/micro/micro_mutable_op_resolver.h>

using OpResolver = tflite::MicroMutableOpResolver<{len(operators)}>;

/* False where the library refuses an operator. */
inline bool register_operators(OpResolver &resolver) {{
    return {registered};
}}

#endif
"""
