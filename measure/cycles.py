"""An estimate of Cortex-M4 cycles from the instructions that were executed.

The emulator tells which instructions ran and in which order, not how long a core would take. This module adds
up the timings of measure.timings over that order, with the effects between neighbours that Arm's manual
states (section 3.3.2 of the Cortex-M4 Technical Reference Manual):

- A load or store of one register straight behind a load of one register takes a cycle less, unless the
  first one's destination is part of the second one's address. A store with an immediate offset takes one
  cycle anyway. Loads with base update are not paired (said by the Cortex-M3 manual, Arm DDI 0337I; the
  Cortex-M4's is silent).
- A load or store whose address comes from the data processing instruction straight before it waits one cycle.
- An IT behind a 16-bit instruction is folded into it and takes no cycle.
- A branch costs its refill where it was taken, which the order of addresses shows.

It is an estimate. It knows nothing of flash wait states, caches and bus contention (the nRF52840's flash has
wait states; code there is slower), nor of unaligned data, which cost a cycle or two more.
"""

import numpy as np
from numpy.typing import NDArray

from contract.errors import UserError
from measure.disassembly import Instruction
from measure.timings import BRANCHES, FLOAT_MULTIPLES, LOADS, MULTIPLES, STORES, base_name, timing_of

CLOCK_HZ = 64_000_000  # of the nRF52840

_DOUBLES = ("ldrd", "strd")
_WITHOUT_RESULT = frozenset({"cmp", "cmn", "tst", "teq", "it", "nop", *BRANCHES})
_TWO_RESULTS = frozenset({"smull", "umull", "smlal", "umlal", "umaal"})


def estimate(trace: NDArray[np.uint32], instructions: dict[int, Instruction]) -> NDArray[np.int64]:
    """The cycles of each executed instruction.

    `trace`: N + 1 addresses in the order of execution; the last one only shows where the N-th went to.
    Returns N cycles. UserError for an address without an instruction, or an instruction without a timing.
    """
    addresses = np.unique(trace[:-1])
    unknown = [address for address in addresses.tolist() if address not in instructions]
    if unknown:
        raise UserError(f"{unknown[0]:#x} was executed, but the image has no instruction there; rebuild it")
    listed = [instructions[address] for address in addresses.tolist()]
    timings = [timing_of(instruction) for instruction in listed]
    before = {instruction.next: instruction for instruction in instructions.values()}
    pairing = [_after(before.get(instruction.address), instruction) for instruction in listed]

    index = np.searchsorted(addresses, trace[:-1])
    follows = np.array([instruction.next for instruction in listed], np.uint32)[index] == trace[1:]
    cycles = np.array([timing.cycles for timing in timings], np.int64)[index]
    cycles += np.where(follows, 0, np.array([timing.refill for timing in timings], np.int64)[index])
    cycles[1:] += np.where(follows[:-1], np.array(pairing, np.int64)[index[1:]], 0)
    return cycles


def _after(first: Instruction | None, second: Instruction) -> int:
    """What `second` costs more (or, negative, less) when it runs straight behind `first`."""
    if first is None:
        return 0
    name = base_name(second.mnemonic)
    if name == "it":
        return -1 if first.size == 2 else 0
    used = _address_sources(second, name)
    first_name = base_name(first.mnemonic)
    if first_name in LOADS and name in LOADS | STORES:
        pairs = not (_updates_base(first) or _updates_base(second)) and first.registers[0] not in used
        return -1 if pairs and timing_of(second).cycles == 2 else 0
    return 1 if used & _results(first, first_name) else 0


def _address_sources(instruction: Instruction, name: str) -> frozenset[str]:
    """The registers that a load or store computes its address from; none for other instructions."""
    if name in ("push", "pop", "vpush", "vpop"):
        return frozenset({"sp"})
    if name in MULTIPLES | FLOAT_MULTIPLES:
        return frozenset(instruction.registers[:1])
    if name in LOADS | STORES or name in (*_DOUBLES, "vldr", "vstr", "tbb", "tbh"):
        return instruction.address_registers - {"pc"}
    return frozenset()


def _updates_base(instruction: Instruction) -> bool:
    """Whether a load or store of one register also writes its base: [r0], #4 and [r0, #4]!"""
    return instruction.operands.endswith("!") or "]," in instruction.operands


def _results(instruction: Instruction, name: str) -> frozenset[str]:
    """The core registers that a data processing instruction writes; none for loads, stores and branches."""
    memory = name in LOADS | STORES | MULTIPLES | FLOAT_MULTIPLES or name in (*_DOUBLES, "vldr", "vstr")
    if memory or name in _WITHOUT_RESULT:
        return frozenset()
    long = name in _TWO_RESULTS or name.startswith(("smlald", "smlsld", "smlalb", "smlalt"))
    return frozenset(instruction.registers[: 2 if long else 1])
