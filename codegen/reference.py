"""python -m codegen.reference: docs/operators.md, the operator reference, from what the code knows."""

import argparse
from pathlib import Path

from codegen.aot.variants import VARIANTS
from contract.cli import run
from contract.files import write_text
from contract.operator_spec import OperatorSpec
from contract.operators import REGISTRY
from contract.runtimes import RUNTIMES

INTRODUCTION = """\
# Operators

Written by `make docs` from `contract/operators/` and `codegen/aot/variants/`; change those, not this file.
A model with an operator that is not here, or in a newer version than here, is refused by name before
anything is built; [adding-an-operator.md](adding-an-operator.md) says how one is added.

Activations are int8 with one scale and one zero point a tensor, as `python -m quantize` makes them; where
QUANTIZE and DEQUANTIZE stand at its edges, a model takes and gives float32 or uint8. The numbers in the
first table are the highest version of the operator (of the TFLite converter) that each runtime runs. What
the Arduino libraries run was read from their sources (Chirale_TensorFLowLite at 46da2f9,
Arduino_TensorFlowLite at 7948b85), not tried on a board: where their arithmetic is older than the
reference's, some bytes are others, which codegen and a failed validation say."""


def reference() -> str:
    """The text of docs/operators.md."""
    titles = [f"`{name}`" for name in RUNTIMES]
    rows = [
        [f"[{spec.name}](#{spec.name.lower()})", *(_version(spec, runtime) for runtime in RUNTIMES)]
        for spec in REGISTRY.values()
    ]
    runtimes = "\n".join(f"- `{name}`: {runtime.title}" for name, runtime in RUNTIMES.items())
    parts = [INTRODUCTION, runtimes, _table(["operator", *titles], rows)]
    parts.extend(_section(spec) for spec in REGISTRY.values())
    return "\n\n".join(parts) + "\n"


def _version(spec: OperatorSpec, runtime: str) -> str:
    support = spec.runs_on.get(runtime)
    if support is None:
        return "no"
    weights = spec.weights_input is not None and not support.per_channel_weights
    differs = ", other bytes" if support.differs else ""
    return f"{support.max_version}{', weights per tensor' if weights else ''}{differs}"


def _section(spec: OperatorSpec) -> str:
    lines = [f"## {spec.name}"]
    if spec.rewritten:
        lines.append(f"The ahead-of-time engine has no kernel for it: it {spec.rewritten}.")
    if spec.attributes:
        lines.append(_table(["attribute", "values"], [list(row) for row in spec.attributes.items()]))
    if spec.limits:
        lines.append("Limits of the ahead-of-time engine: " + "; ".join(spec.limits) + ".")
    for differs in dict.fromkeys(support.differs for support in spec.runs_on.values() if support.differs):
        names = " and ".join(f"`{name}`" for name, one in spec.runs_on.items() if one.differs == differs)
        lines.append(f"Some bytes of {names} differ from the reference's: {differs}.")
    variants = [variant for variant in VARIANTS if variant.operator == spec.name]
    if variants:
        rows = [[variant.name, ", ".join(variant.goals), variant.about] for variant in variants]
        lines.append(_table(["variant", "for", "what it is"], rows))
    return "\n\n".join(lines)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m codegen.reference", description="Write the operator reference."
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="docs/operators.md")
    options = parser.parse_args(argv)
    write_text(options.out, reference())
    return 0


if __name__ == "__main__":
    run(main)
