"""Cycles of each Cortex-M4 instruction, as Arm states them for a memory without wait states.

Source: Arm Cortex-M4 Processor Technical Reference Manual, r0p1 (Arm DDI 0439D): table 3-1 (instruction set
summary), table 3-2 (DSP instructions), table 7-1 (FPU) and section 3.3.2 (load/store timings).

Where the manual gives a range or leaves room, this estimate takes:
- P, the pipeline refill of a taken branch, 1 to 3 depending on the target's alignment and width and on early
  speculation: 2. For a load of the program counter section 3.3.2 says 3.
- SDIV and UDIV, 2 to 12 depending on the values: 12.
- MRS, MSR and CPS, 1 or 2: 2. Barriers, 1 + B: 4.
- An instruction whose condition fails is counted as if it had been executed, except for branches, whose
  outcome is seen.
"""

from dataclasses import dataclass

from contract.errors import UserError
from measure.disassembly import CONDITIONS, Instruction

REFILL = 2  # P of a branch
LOAD_REFILL = 3  # P of a load of the program counter


@dataclass(frozen=True)
class Timing:
    """`cycles`, and `refill` more where the instruction executed next is not the one behind it."""

    cycles: int
    refill: int = 0


# Where Arm states it, the mnemonics, their timing on their own.
_ROWS = (
    ("table 3-1, move", "mov movw movt", Timing(1)),
    ("table 3-1, add and subtract", "add addw adc adr sub subw sbc rsb neg", Timing(1)),
    ("table 3-1, multiply", "mul mla mls smull umull smlal umlal", Timing(1)),
    ("table 3-1, divide", "sdiv udiv", Timing(12)),
    ("table 3-1, saturate and compare", "ssat usat cmp cmn", Timing(1)),
    ("table 3-1, logical", "and eor orr orn bic mvn tst teq", Timing(1)),
    ("table 3-1, shift, rotate, count", "lsl lsr asr ror rrx clz", Timing(1)),
    ("table 3-1, load", "ldr ldrh ldrb ldrsh ldrsb ldrt ldrht ldrbt ldrsht ldrsbt", Timing(2)),
    ("table 3-1, store", "str strh strb strt strht strbt", Timing(2)),
    ("table 3-1, doubleword", "ldrd strd", Timing(3)),
    ("table 3-1, multiple (and N)", "ldm ldmia ldmdb stm stmia stmdb push pop", Timing(1)),
    ("table 3-1, semaphore", "ldrex ldrexh ldrexb strex strexh strexb", Timing(2)),
    ("table 3-1, semaphore", "clrex", Timing(1)),
    ("table 3-1, branch", "b bl bx blx cbz cbnz", Timing(1, REFILL)),
    ("section 3.3.2, at least six", "tbb tbh", Timing(3, LOAD_REFILL)),
    ("table 3-1, state change", "it", Timing(1)),
    ("table 3-1, state change", "mrs msr cpsid cpsie", Timing(2)),
    ("table 3-1, extend", "sxth sxtb uxth uxtb", Timing(1)),
    ("table 3-1, bit field", "ubfx sbfx bfc bfi", Timing(1)),
    ("table 3-1, reverse", "rev rev16 revsh rbit", Timing(1)),
    ("table 3-1, hint", "sev nop", Timing(1)),
    ("table 3-1, barriers", "dmb dsb isb", Timing(4)),
    ("table 3-2, multiply", "smmla smmls smmul smmlar smmlsr smmulr", Timing(1)),
    ("table 3-2, multiply", "smlabb smlabt smlatb smlatt smlawb smlawt", Timing(1)),
    ("table 3-2, multiply", "smlalbb smlalbt smlaltb smlaltt smlald smlaldx umaal", Timing(1)),
    ("table 3-2, multiply", "smulbb smulbt smultb smultt smulwb smulwt", Timing(1)),
    ("table 3-2, multiply", "smlad smladx smlsd smlsdx smlsld smlsldx", Timing(1)),
    ("table 3-2, multiply", "smuad smuadx smusd smusdx", Timing(1)),
    ("table 3-2, saturate", "ssat16 usat16", Timing(1)),
    ("table 3-2, packing", "pkhtb pkhbt sxtb16 uxtb16", Timing(1)),
    ("table 3-2, packing", "uxtab uxtab16 uxtah sxtab sxtab16 sxtah", Timing(1)),
    ("table 3-2, miscellaneous", "sel usad8 usada8", Timing(1)),
    ("table 3-2, addition", "uqadd16 uqadd8 qadd qadd16 qadd8 qdadd", Timing(1)),
    ("table 3-2, addition", "sadd8 sadd16 shadd16 shadd8 uadd16 uadd8 uhadd16 uhadd8", Timing(1)),
    ("table 3-2, subtraction", "qdsub uqsub16 uqsub8 qsub qsub16 qsub8", Timing(1)),
    ("table 3-2, subtraction", "shsub16 shsub8 ssub16 ssub8 uhsub16 uhsub8 usub16 usub8", Timing(1)),
    ("table 3-2, parallel", "uqasx uqsax sasx qasx qsax shasx", Timing(1)),
    ("table 3-2, parallel", "shsax ssax uasx uhasx uhsax usax", Timing(1)),
    ("table 7-1", "vabs vadd vcmp vcmpe vcvt vmrs vmsr vmul vneg vnmul vsub", Timing(1)),
    ("table 7-1, divide, root", "vdiv vsqrt", Timing(14)),
    ("table 7-1, load, store", "vldr vstr", Timing(2)),
    ("table 7-1, multiple (and N)", "vldm vldmia vldmdb vstm vstmia vstmdb vpush vpop", Timing(1)),
    ("table 7-1, core register", "vmov", Timing(2)),
    ("table 7-1, accumulate", "vmla vmls vnmla vnmls vfma vfms vfnma vfnms", Timing(3)),
)

TIMINGS = {mnemonic: timing for _, mnemonics, timing in _ROWS for mnemonic in mnemonics.split()}


def _mnemonics(source: str) -> frozenset[str]:
    return frozenset(name for row, names, _ in _ROWS if row == source for name in names.split())


LOADS = _mnemonics("table 3-1, load")
STORES = _mnemonics("table 3-1, store")
MULTIPLES = _mnemonics("table 3-1, multiple (and N)")
FLOAT_MULTIPLES = _mnemonics("table 7-1, multiple (and N)")
_MULTIPLIES = _mnemonics("table 3-1, multiply") | _mnemonics("table 3-2, multiply")
BRANCHES = _mnemonics("table 3-1, branch") | {"tbb", "tbh"}


KINDS = ("multiply", "load", "store", "several words", "branch", "other")


def kind(name: str) -> str:
    """What an instruction of the tables does, one of KINDS; "several words" are LDM, STM, LDRD, PUSH, ..."""
    if name in _MULTIPLIES:
        return "multiply"
    if name in MULTIPLES | FLOAT_MULTIPLES or name in ("ldrd", "strd"):
        return "several words"
    if name in LOADS or name == "vldr":
        return "load"
    if name in STORES or name == "vstr":
        return "store"
    return "branch" if name in BRANCHES else "other"


def base_name(mnemonic: str) -> str:
    """The table's name of a printed mnemonic: adds and addeq are add, bls is b, itte is it. Empty if none."""
    name = mnemonic.partition(".")[0]
    if name.startswith("it") and not name[2:].strip("te"):
        return "it"
    candidates = [name]
    if name.endswith(CONDITIONS):
        candidates.append(name[:-2])
    candidates += [candidate[:-1] for candidate in candidates if candidate.endswith("s")]
    return next((candidate for candidate in candidates if candidate in TIMINGS), "")


def timing_of(instruction: Instruction) -> Timing:
    """The cycles of `instruction` on its own, without neighbours. UserError where the tables have none."""
    name = base_name(instruction.mnemonic)
    if not name:
        raise UserError(
            f"the instruction {instruction.mnemonic} {instruction.operands} at {instruction.address:#x} has "
            "no timing; add it to bench/timings.py from Arm's manual"
        )
    registers = instruction.registers
    if name in MULTIPLES:  # 1 + N, and P with the program counter
        return Timing(1 + instruction.list_length, LOAD_REFILL if "pc" in registers else 0)
    if name in FLOAT_MULTIPLES:  # 1 + N words
        return Timing(1 + instruction.list_length * (2 if "{d" in instruction.operands else 1))
    if name in LOADS and registers[0] == "pc":
        return Timing(2, LOAD_REFILL)
    if name in STORES and len(instruction.address_registers) == 1:  # section 3.3.2: [Ry, #imm] is one cycle
        return Timing(1)
    if name in ("vldr", "vstr") and instruction.operands.startswith("d"):
        return Timing(3)
    if name == "vmov" and not registers:  # between float registers, or an immediate
        return Timing(1)
    if name in ("mov", "add") and registers[:1] == ("pc",):
        return Timing(1, REFILL)
    return TIMINGS[name]
