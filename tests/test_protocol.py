"""The wire protocol in C (firmware/core) against the one in Python, zlib and the cobs package.

The C side runs under AddressSanitizer and UndefinedBehaviorSanitizer, in one process for all tests.
"""

import re
import subprocess
import zlib
from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path

import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from contract import protocol
from host.frames import Decoder, Frame, encode
from tests.c_build import FIRMWARE, compile_c
from tests.session_harness.harness import CFrame, Decoded, Harness, harness

MAX_BODY = 600  # some of COBS's blocks of 254 bytes


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with harness(tmp_path_factory.mktemp("core")) as running:
        yield running


# ---- constants ----
def names_of(enum: type[IntEnum], prefix: str) -> dict[str, int]:
    return {prefix + member.name: member.value for member in enum}


def test_every_constant_in_c_is_the_one_in_python(tmp_path: Path) -> None:
    header = (FIRMWARE / "core" / "protocol.h").read_text()
    names = re.findall(r"\b[A-Z][A-Z0-9_]+(?= =)", re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL))
    lines = "".join(f'printf("{name} %d\\n", {name});' for name in names)
    source = tmp_path / "constants.c"
    source.write_text(
        f'#include <stdio.h>\n#include "core/protocol.h"\nint main(void) {{ {lines} return 0; }}\n'
    )
    program = compile_c([source], tmp_path / "constants")
    printed = subprocess.run([program], capture_output=True, text=True, check=True, timeout=10).stdout
    in_c = {name: int(value) for name, value in map(str.split, printed.splitlines())}
    assert in_c == {
        "PROTOCOL_VERSION": protocol.VERSION,
        "PROTOCOL_MAX_RANK": protocol.MAX_RANK,
        "PROTOCOL_MAX_ERROR_TEXT": protocol.MAX_ERROR_TEXT,
        "PROTOCOL_MAX_READ": protocol.MAX_READ,
        "FRAME_DELIMITER": protocol.DELIMITER,
        "FRAME_HEADER_BYTES": protocol.HEADER.size,
        "FRAME_TRAILER_BYTES": protocol.TRAILER.size,
        **names_of(protocol.FrameType, "FRAME_"),
        **names_of(protocol.ErrorCode, "ERROR_"),
        **names_of(protocol.TickUnit, "TICK_UNIT_"),
    }


# ---- CRC-32 and COBS ----
@given(st.binary(max_size=600), st.binary(max_size=600))
def test_crc32_is_zlibs_in_one_part_or_two(core: Harness, first: bytes, second: bytes) -> None:
    assert core.crc32(first, second) == zlib.crc32(first + second)


# Runs of zeros, and runs without one of about a block or two, which random bytes hardly contain.
packets = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.integers(0, 300).map(bytes),
        st.integers(250, 260).map(lambda count: b"\xff" * count),
        st.integers(500, 520).map(lambda count: bytes(range(1, 256)) * 2 + b"\x01" * (count - 510)),
    ),
    max_size=5,
).map(b"".join)


@given(packets, st.integers(1, 1000))
def test_cobs_encodes_as_the_cobs_package_does_in_pieces_of_any_size(
    core: Harness, packet: bytes, piece: int
) -> None:
    assert core.cobs_encode(packet, piece) == b"\0" + cobs.encode(packet) + b"\0"


@given(packets)
def test_cobs_decodes_what_the_cobs_package_encoded(core: Harness, packet: bytes) -> None:
    assert core.cobs_decode(cobs.encode(packet)) == (True, packet)


@pytest.mark.parametrize("after", [b"", b"\0", b"\0\0", b"\0" + b"\x08" * 300])
def test_cobs_is_right_for_runs_of_every_length(core: Harness, after: bytes) -> None:
    for length in range(2 * 254 + 3):
        packet = b"\x07" * length + after
        assert core.cobs_encode(packet, 1000) == b"\0" + cobs.encode(packet) + b"\0"
        assert core.cobs_decode(cobs.encode(packet)) == (True, packet)


@given(st.binary(max_size=600).map(lambda data: data.replace(b"\0", b"\1")))
def test_cobs_judges_any_bytes_as_the_cobs_package_does(core: Harness, data: bytes) -> None:
    whole, decoded = core.cobs_decode(data)
    try:
        assert (whole, decoded) == (True, cobs.decode(data))
    except cobs.DecodeError:
        assert not whole


# ---- frames ----
bodies = st.one_of(st.binary(max_size=40), packets.filter(lambda packet: len(packet) <= MAX_BODY))
frames = st.builds(CFrame, st.integers(0, 255), st.integers(0, 2**32 - 1), bodies)


def encoded(frame: CFrame) -> bytes:
    """What the host sends for `frame`."""
    return encode(Frame(frame.type, frame.sequence, frame.body))


@given(frames)
def test_a_frame_from_the_board_reaches_the_host(core: Harness, frame: CFrame) -> None:
    line = core.write_frame(frame)
    assert line == encoded(frame)
    assert Decoder().feed(line) == [(frame.type, frame.sequence, frame.body)]


@given(st.lists(frames, max_size=5), st.integers(0, 3))
def test_frames_from_the_host_reach_the_board_whatever_silence_is_between(
    core: Harness, sent: list[CFrame], zeros: int
) -> None:
    line = bytes(zeros).join(encoded(frame) for frame in sent)
    assert core.decode_frames(line, MAX_BODY) == sent


@given(frames, st.integers(0, MAX_BODY))
def test_a_body_larger_than_the_buffer_is_noise_and_the_next_frame_is_not(
    core: Harness, frame: CFrame, max_body: int
) -> None:
    small = CFrame(1, 2, b"")
    expected = frame if len(frame.body) <= max_body else Decoded.TOO_LONG
    assert core.decode_frames(encoded(frame) + encoded(small), max_body) == [expected, small]


@given(frames, st.integers(1, 255))
def test_a_changed_byte_costs_its_frame_and_no_other(core: Harness, frame: CFrame, change: int) -> None:
    """Each byte of the frame in turn, with a sound frame after each copy."""
    good = encoded(frame)
    sound = [CFrame(1, at, b"sound") for at in range(1, len(good) - 1)]
    line = b""
    for at, after in enumerate(sound, 1):
        line += good[:at] + bytes([good[at] ^ change]) + good[at + 1 :] + encoded(after)
    events = core.decode_frames(line, MAX_BODY)
    assert [event for event in events if isinstance(event, CFrame)] == sound
    noise = sum(isinstance(event, Decoded) for event in events)
    # A byte that became zero cuts its frame in two; the first or last one that did leaves one part.
    assert len(sound) <= noise <= 2 * len(sound)


@given(frames, st.data())
def test_a_frame_cut_short_is_noise(core: Harness, frame: CFrame, data: st.DataObject) -> None:
    line = encoded(frame)
    cut = line[: data.draw(st.integers(2, len(line) - 2))]
    noise, after = core.decode_frames(cut + encoded(frame), MAX_BODY)
    assert isinstance(noise, Decoded)
    assert after == frame


@given(frames, st.data())
def test_bytes_that_were_lost_or_repeated_cost_their_frame(
    core: Harness, frame: CFrame, data: st.DataObject
) -> None:
    line = encoded(frame)
    first = data.draw(st.integers(1, len(line) - 2))
    last = data.draw(st.integers(first + 1, len(line) - 1))
    lost = line[:first] + line[last:]
    repeated = line[:last] + line[first:]
    for damaged in (lost, repeated):
        events = core.decode_frames(damaged + encoded(frame), MAX_BODY)
        assert events[-1] == frame
        # Whatever passes is the frame as it was sent: taking out a repetition of itself changes nothing.
        assert all(event == frame for event in events if isinstance(event, CFrame))


@given(frames, st.binary(max_size=400))
def test_noise_ahead_of_a_frame_does_not_damage_it(core: Harness, frame: CFrame, noise: bytes) -> None:
    *before, last = core.decode_frames(noise + encoded(frame), MAX_BODY)
    assert last == frame
    assert len(before) == sum(bool(chunk) for chunk in noise.split(b"\0"))
    assert all(isinstance(event, Decoded) for event in before)


@given(st.binary(max_size=2000))
def test_random_bytes_are_never_a_frame(core: Harness, noise: bytes) -> None:
    assert not any(isinstance(event, CFrame) for event in core.decode_frames(noise, MAX_BODY))


@given(st.binary(min_size=1, max_size=600), st.integers(0, 12))
def test_the_board_and_the_host_judge_every_chunk_alike(core: Harness, content: bytes, cut: int) -> None:
    """Chunks that are nearly frames: a CRC-32 that fits, over content of any length, with the end cut off."""
    chunk = cobs.encode(content + protocol.TRAILER.pack(zlib.crc32(content)))
    line = b"\0" + chunk[: len(chunk) - cut] + b"\0"
    on_board = core.decode_frames(line, MAX_BODY)
    on_host = [CFrame(*frame) for frame in Decoder().feed(line)]
    assert [event for event in on_board if isinstance(event, CFrame)] == on_host


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda chunk: chunk[:-1], Decoded.CUT_SHORT),
        (lambda chunk: b"\x05four", Decoded.CUT_SHORT),
        (lambda chunk: chunk[:-1] + bytes([chunk[-1] ^ 0x80]), Decoded.WRONG_CRC),
        (lambda chunk: b"\x01" * 2000, Decoded.TOO_LONG),
    ],
)
def test_the_decoder_says_what_is_wrong(
    core: Harness, damage: Callable[[bytes], bytes], kind: Decoded
) -> None:
    chunk = encoded(CFrame(2, 3, b"some body"))[1:-1]
    assert core.decode_frames(b"\0" + damage(chunk) + b"\0", MAX_BODY) == [kind]
