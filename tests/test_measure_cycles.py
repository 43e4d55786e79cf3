"""The cycle estimate: Arm's timings, added up over what was executed."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from contract.errors import UserError
from measure.cycles import estimate
from measure.disassembly import Instruction, disassemble, parse
from measure.timings import TIMINGS, base_name, kind, timing_of

HEADER = ".syntax unified\n.cpu cortex-m4\n.fpu fpv4-sp-d16\n.thumb\n.global start\n"


def assemble(folder: Path, source: str) -> list[Instruction]:
    """The instructions of an assembler source, in the order of their addresses."""
    (folder / "code.s").write_text(HEADER + source + "\n")
    subprocess.run(["arm-none-eabi-as", "code.s", "-o", "code.o"], cwd=folder, check=True, timeout=30)
    return list(disassemble(folder / "code.o").values())


def estimate_of(code: list[Instruction], trace: list[int]) -> list[int]:
    cycles = estimate(np.array(trace, np.uint32), {one.address: one for one in code})
    return [int(value) for value in cycles]


def straight(folder: Path, source: str) -> list[int]:
    """The cycles of each instruction of a source that runs from its first line to its last."""
    code = assemble(folder, source)
    trace = [*(instruction.address for instruction in code), code[-1].next]
    return [
        int(cycles) for cycles in estimate(np.array(trace, np.uint32), {one.address: one for one in code})
    ]


def run(folder: Path, source: str, order: list[int]) -> list[int]:
    """The cycles of a source whose instructions run in `order` (indices); the last one is not counted."""
    code = assemble(folder, source)
    return estimate_of(code, [code[index].address for index in order])


@pytest.mark.parametrize(
    ("source", "cycles"),
    [
        ("add r0, r1, r2", 1),
        ("smlal r0, r1, r2, r3", 1),
        ("smlad r0, r1, r2, r3", 1),
        ("umull r0, r1, r2, r3", 1),
        ("sdiv r0, r1, r2", 12),
        ("ldr r0, [r1]", 2),
        ("ldrsb r0, [r1, #-1]", 2),
        ("ldr r0, [r1], #4", 2),
        ("str r0, [r1, #4]", 1),
        ("str r0, [r1], #4", 1),
        ("strb r0, [r1, r2]", 2),
        ("ldrd r0, r1, [r2]", 3),
        ("ldm r0!, {r1-r4, r8}", 6),
        ("stm r0, {r1-r3}", 4),
        ("push {r4-r7, lr}", 6),
        ("pop {r4-r11}", 9),
        ("vpush {d8-d9}", 5),
        ("vldmia r0!, {s0-s3}", 5),
        ("vldr s0, [r1]", 2),
        ("vldr d0, [r1]", 3),
        ("vmov s0, s1", 1),
        ("vmov r0, s1", 2),
        ("vdiv.f32 s0, s1, s2", 14),
        ("nop", 1),
    ],
)
def test_an_instruction_on_its_own_takes_what_the_manual_says(
    tmp_path: Path, source: str, cycles: int
) -> None:
    assert straight(tmp_path, source) == [cycles]


@pytest.mark.parametrize(
    ("source", "cycles"),
    [
        # The manual's own examples (section 3.3.2).
        ("ldr r0, [r1]\n ldr r1, [r2]", 3),
        ("ldr r0, [r1, r2]\n str r0, [r3, #20]", 3),
        ("ldr r0, [r1, r2]\n str r1, [r3, r2]", 3),
        ("ldr r0, [r1, r5]\n ldr r1, [r2]\n ldr r2, [r3, #4]", 4),
        # The second address needs the first one's result.
        ("ldr r0, [r1]\n ldr r2, [r0]", 4),
        # Base update and pairs of registers are not paired with neighbours.
        ("ldr r0, [r1], #4\n ldr r2, [r3]", 4),
        ("ldr r0, [r1]\n ldrd r2, r3, [r4]", 5),
        # A constant from the code is a load like any other.
        ("ldr r0, [r1]\n ldr r2, [pc, #0]", 3),
        # Nothing pairs with a store before it.
        ("str r0, [r1]\n ldr r2, [r3]", 3),
        # An address computed just before.
        ("add r0, r1, r2\n ldr r3, [r0]", 4),
        ("add r0, r1, r2\n ldr r3, [r4]", 3),
        ("smull r0, r1, r2, r3\n ldrb r4, [r1]", 4),
        ("cmp r0, r1\n ldr r3, [r0]", 3),
        ("sub sp, #8\n push {r4, lr}", 5),
        # IT folds into a narrow instruction, not into a wide one; what fails its condition counts as run.
        ("cmp r0, r1\n it eq\n addeq r0, r1", 2),
        ("add.w r0, r1, r2\n it eq\n addeq r0, r1", 3),
    ],
)
def test_neighbours_change_the_sum(tmp_path: Path, source: str, cycles: int) -> None:
    assert sum(straight(tmp_path, source)) == cycles


def test_a_branch_costs_its_refill_only_where_it_is_taken(tmp_path: Path) -> None:
    loop = "subs r0, #1\n bne .-2\n nop"
    assert run(tmp_path, loop, [0, 1, 0, 1, 0, 1, 2]) == [1, 3, 1, 3, 1, 1]


def test_a_return_by_pop_loads_the_program_counter(tmp_path: Path) -> None:
    # 1 + N + P = 1 + 2 + 3; the nop stands for the caller's next instruction.
    assert run(tmp_path, "nop\n pop {r4, pc}", [1, 0]) == [6]


def test_a_conditional_return_that_does_not_happen_costs_no_refill(tmp_path: Path) -> None:
    code = "cmp r0, r1\n it eq\n bxeq lr\n nop"
    assert run(tmp_path, code, [0, 1, 2, 3]) == [1, 0, 1]
    assert run(tmp_path, code, [0, 1, 2, 0]) == [1, 0, 3]


def test_a_table_branch_blocks(tmp_path: Path) -> None:
    assert run(tmp_path, "nop\n tbb [pc, r0]", [1, 0]) == [6]


def test_loads_on_both_sides_of_a_jump_are_not_paired(tmp_path: Path) -> None:
    code = "ldr r0, [r1]\n b.n .+4\n nop\n ldr r2, [r3]\n nop"
    assert run(tmp_path, code, [0, 1, 3, 4]) == [2, 3, 2]


def test_an_unknown_instruction_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="frobnicate r0, r1 at 0x10 has no timing"):
        timing_of(Instruction(0x10, 4, "frobnicate", "r0, r1"))


def test_an_address_outside_the_code_is_refused() -> None:
    with pytest.raises(UserError, match="0x20 was executed"):
        estimate(np.array([0x20, 0x22], np.uint32), {})


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("addseq", "add"),
        ("movs", "mov"),
        ("lsls", "lsl"),
        ("bls", "b"),
        ("blt", "b"),
        ("bl", "bl"),
        ("bleq", "bl"),
        ("bxne", "bx"),
        ("teq", "teq"),
        ("adcs", "adc"),
        ("mls", "mls"),
        ("smmls", "smmls"),
        ("smulls", "smull"),
        ("ittee", "it"),
        ("vadd.f32", "vadd"),
        ("popne", "pop"),
    ],
)
def test_conditions_and_flags_are_stripped_from_a_mnemonic(printed: str, name: str) -> None:
    assert base_name(printed) == name
    assert name in TIMINGS


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("smlal", "multiply"),
        ("smlad", "multiply"),
        ("ldrsb", "load"),
        ("ldrd", "several words"),
        ("push", "several words"),
        ("strb", "store"),
        ("cbz", "branch"),
        ("add", "other"),
    ],
)
def test_instructions_are_counted_by_what_they_do(name: str, expected: str) -> None:
    assert kind(name) == expected


def test_constants_between_the_code_are_not_instructions() -> None:
    listing = "   0:\t4801      \tldr\tr0, [pc, #4]\t@ (8 <x>)\n   8:\t12345678 \t.word\t0x12345678\n"
    assert parse(listing) == {0: Instruction(0, 2, "ldr", "r0, [pc, #4]")}
