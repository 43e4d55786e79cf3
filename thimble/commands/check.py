"""thimble check: whether a model runs, where it fits and what it costs, before anything is built."""

import argparse
import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from codegen.aot.call import KernelCall
from codegen.aot.goals import GOALS
from codegen.aot.plan import Plan, plan_model
from codegen.fits import expect_fits, limits_of
from codegen.names import Identifiers, layer_names
from contract.boards import Board, board, boards
from contract.errors import UserError
from contract.flatbuffer import read_model
from contract.graph import Model
from contract.macs import multiply_accumulates, operator_macs
from contract.runtimes import RUNTIMES
from contract.runtimes import check as check_runtime

DOES_NOT_FIT = 1  # exit code, for the board that was asked for

# About what kernels execute that do not say it themselves, on a Cortex-M4, by their variant.
INSTRUCTIONS_A_PRODUCT = {"portable": 12.0, "packed": 0.42}
OF_OTHERS = 2.0
INSTRUCTIONS_AN_OUTPUT = 16
# Estimated cycles an instruction: 1.54 to 1.84 over the networks of docs/performance.md.
CYCLES_AN_INSTRUCTION = 1.6
ESTIMATED_CORES = ("Cortex-M4", "Cortex-M4F")


@dataclass(frozen=True)
class Fit:
    """The model on one board. Bytes; None where the board has no limit or nothing is estimated."""

    board: str
    title: str
    core: str
    fits: bool
    why_not: str
    flash_bytes: int | None
    ram_bytes: int | None
    instructions: int | None
    cycles: int | None
    milliseconds: float | None


@dataclass(frozen=True)
class Check:
    """What is known of a model before anything is built."""

    model: str
    sha256: str
    operators: dict[str, int]
    runtimes: dict[str, str]  # by name: empty where it runs all, else what is in the way
    multiply_accumulates: int
    computed: int  # of these, behind exact rewrites
    constant_bytes: int | None  # None where the engine does not run the model
    arena_bytes: int | None
    peak_layer: str
    boards: tuple[Fit, ...]


def check(path: Path, goal: str) -> Check:
    """Look at the flatbuffer at `path`, planned for `goal`. UserError where it cannot be read."""
    model = read_model(path)
    runtimes = {name: _obstacles(model, name) for name in RUNTIMES}
    fits: list[Fit] = []
    plan = None
    if not runtimes["aot"]:
        for one in boards().values():
            plan_of_board = _planned(model, goal, one)
            fits.append(_fit(plan_of_board, goal, one))
            plan = plan_of_board if plan is None or one.name == board("mps2-an386").name else plan
    return Check(
        model=path.name,
        sha256=model.sha256,
        operators=dict(Counter(operator.name for operator in model.operators)),
        runtimes=runtimes,
        multiply_accumulates=multiply_accumulates(model),
        computed=0 if plan is None else multiply_accumulates(plan.model),
        constant_bytes=None if plan is None else plan.constant_bytes,
        arena_bytes=None if plan is None else plan.arena.bytes,
        peak_layer="" if plan is None else plan.peak_layer,
        boards=tuple(fits),
    )


def _obstacles(model: Model, runtime: str) -> str:
    """Why a runtime does not run the model; empty where it does."""
    try:
        check_runtime(model, RUNTIMES[runtime])
        if runtime == "aot":
            _planned(model, "portable", None)
    except UserError as error:
        return str(error)
    return ""


def _planned(model: Model, goal: str, target: Board | None) -> Plan:
    layers = layer_names(model, None, Identifiers())
    return plan_model(model, layers, goal, limits_of(model, target, None, None))


def _fit(plan: Plan, goal: str, target: Board) -> Fit:
    why_not = ""
    try:
        expect_fits(plan, goal, target)
    except UserError as error:
        why_not = str(error)
    instructions = cycles = milliseconds = None
    if target.core in ESTIMATED_CORES:
        instructions = round(sum(_instructions(plan, call) for call in plan.kernel_calls))
        cycles = round(CYCLES_AN_INSTRUCTION * instructions)
        if target.tick_unit == "cycle":
            milliseconds = 1000 * cycles / target.tick_hz
    return Fit(
        target.name,
        target.title,
        target.core,
        not why_not,
        why_not,
        target.flash_bytes,
        target.ram_bytes,
        instructions,
        cycles,
        milliseconds,
    )


def _instructions(plan: Plan, call: KernelCall) -> float:
    if call.instructions is not None:
        return call.instructions
    products = sum(operator_macs(plan.model, operator) for operator in call.operators)
    outputs = sum(plan.model.tensors[index].elements for index in call.outputs)
    return INSTRUCTIONS_A_PRODUCT.get(call.variant, OF_OTHERS) * products + INSTRUCTIONS_AN_OUTPUT * outputs


# ---- for people ----
def text(found: Check) -> str:
    operators = ", ".join(
        name if count == 1 else f"{name} x {count}" for name, count in found.operators.items()
    )
    lines = [
        f"{found.model}  SHA-256 {found.sha256}",
        f"operators  {sum(found.operators.values())}: {operators}",
    ]
    for name, obstacles in found.runtimes.items():
        title = RUNTIMES[name].title
        if obstacles:
            lines.append(f"  no   {title}:")
            lines += [f"       {line.strip()}" for line in obstacles.splitlines()]
        else:
            lines.append(f"  yes  {title}")
    if found.constant_bytes is None:
        return "\n".join(lines)
    rest = "" if found.computed == found.multiply_accumulates else f", {found.computed:,} of them remain"
    lines += [
        f"work       {found.multiply_accumulates:,} multiply-accumulates{rest}",
        f"flash      {found.constant_bytes:,} bytes of constants, and code (some 5 to 20 KB)",
        f"RAM        {found.arena_bytes:,} bytes, most of them at {found.peak_layer}, and the stack",
        "boards",
    ]
    for fit in found.boards:
        lines.append(
            f"  {'fits' if fit.fits else 'NO  '} {fit.board:<12} {fit.core:<12} {_cost(fit)}".rstrip()
        )
        if not fit.fits:
            lines.append(f"       {fit.why_not}")
    return "\n".join(lines)


def _cost(fit: Fit) -> str:
    if fit.cycles is None:
        return ""
    time = ""
    if fit.milliseconds is not None:
        few = fit.milliseconds < 10
        time = f", {fit.milliseconds:.2g} ms" if few else f", {_rounded(round(fit.milliseconds))} ms"
    return f"about {_rounded(fit.cycles)} cycles{time}"


def _rounded(number: int) -> str:
    """Two digits: it is an estimate."""
    digits = max(0, len(str(number)) - 2)
    return f"{round(number, -digits):,}"


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="thimble check",
        description="Say whether a model runs, where it fits and what it costs, before anything is built. "
        "Cycles are estimates, about a fifth off; a build counts instructions.",
        epilog="exit codes: 0 it runs, and fits the board asked for; 1 it does not fit that board; 2 the "
        "ahead-of-time engine does not run it",
    )
    parser.add_argument("model", type=Path, help="an int8 .tflite flatbuffer")
    parser.add_argument("--board", help="the board that it must fit (default: none; see thimble boards)")
    parser.add_argument("--optimize", choices=tuple(GOALS), default="speed", help="(default: speed)")
    parser.add_argument("--json", action="store_true", help="the same for a script")
    options = parser.parse_args(argv)
    if options.model.suffix == ".keras":
        raise UserError(
            f"{options.model} is a float model; quantise it first: thimble tflite --model {options.model} "
            "--data your.npz --out DIR"
        )
    asked = None if options.board is None else board(options.board)
    found = check(options.model, options.optimize)
    if options.json:
        print(json.dumps(asdict(found), indent=2))
    else:
        print(text(found))
    if found.runtimes["aot"]:
        return UserError.exit_code
    misfits = [fit for fit in found.boards if asked is not None and fit.board == asked.name and not fit.fits]
    return DOES_NOT_FIT if misfits else 0
