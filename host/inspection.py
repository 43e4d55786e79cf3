"""An inference call by call, with what each call wrote, from a board whose image was built to show it."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from contract.layer_map import LayerMap
from contract.protocol import (
    LOADED_BODY,
    MAX_READ,
    READ_BODY,
    READ_HEADER,
    STEP_BODY,
    STEPPED_BODY,
    FrameType,
)
from host.errors import BoardError
from host.session import Session

STEP_SECONDS = 30.0  # the longest wait for one call: the largest layer on the slowest core


@dataclass(frozen=True)
class Step:
    """One call."""

    call: int  # its index in the layer map
    ticks: int
    outputs: dict[int, bytes]  # what it wrote, by tensor index; empty where that was not asked for


def inference(session: Session, layer_map: LayerMap, inputs: bytes, read: bool) -> Iterator[Step]:
    """Run one inference and yield its calls as they end; with `read` what they wrote, too.

    A state goes on from the last one. BoardError where the line or the board fails, or the image is not that
    of `layer_map`.
    """
    body = session.ask(FrameType.LOAD, inputs, FrameType.LOADED)
    crc, calls = LOADED_BODY.unpack(_of_size(body, LOADED_BODY.size))
    if crc != zlib.crc32(inputs) or calls != len(layer_map.calls):
        raise BoardError(
            f"the board has {calls} calls, layers.json {len(layer_map.calls)}; build and flash it again"
        )
    for index, call in enumerate(layer_map.calls):
        request = STEP_BODY.pack(index)
        body = session.ask(FrameType.STEP, request, FrameType.STEPPED, STEP_SECONDS)
        done, ticks = STEPPED_BODY.unpack(_of_size(body, STEPPED_BODY.size))
        if done != index:
            raise BoardError(f"the board ran call {done} in place of {index}; run it again")
        outputs = {}
        if read:
            for tensor, place, size in zip(call.outputs, call.places, call.sizes, strict=True):
                outputs[tensor] = memory(session, place, size)
        yield Step(index, ticks, outputs)


def memory(session: Session, offset: int, count: int) -> bytes:
    """`count` bytes of the board's arena from `offset` on."""
    pieces = []
    for start in range(offset, offset + count, MAX_READ):
        size = min(MAX_READ, offset + count - start)
        body = session.ask(FrameType.READ, READ_BODY.pack(start, size), FrameType.BYTES_READ)
        if len(body) != READ_HEADER.size + size or READ_HEADER.unpack_from(body)[0] != start:
            raise BoardError("the board answered another piece of its memory; build and flash it again")
        pieces.append(body[READ_HEADER.size :])
    return b"".join(pieces)


def _of_size(body: bytes, size: int) -> bytes:
    if len(body) != size:
        raise BoardError("the board's answer has another length; build and flash the firmware again")
    return body
