"""Frames survive the line whole or not at all, whatever the line does to them."""

import itertools
import os
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.frames import MAX_FRAME, MAX_NOISE_TEXT, Decoder, Frame, decode, encode
from host.link import HungUpError, Link
from tests import fake_board

FRAMES = st.builds(
    Frame,
    type=st.integers(0, 255),
    sequence=st.integers(0, 2**32 - 1),
    body=st.binary(max_size=64) | st.binary(min_size=250, max_size=520) | st.integers(0, 1024).map(bytes),
)
NOISE = st.binary(min_size=1, max_size=40).map(lambda noise: noise.replace(b"\0", b"\1"))


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` cut at the places `cuts`, taken modulo its length."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(places)]


def received(stream: bytes, cuts: list[int] = []) -> list[Frame]:  # noqa: B006 (never changed)
    decoder = Decoder()
    return [frame for piece in pieces(stream, cuts) for frame in decoder.feed(piece)]


@given(FRAMES)
def test_a_frame_is_encoded_as_the_protocol_says(frame: Frame) -> None:
    encoded = encode(frame)
    assert encoded[0] == encoded[-1] == 0
    assert 0 not in encoded[1:-1]
    theirs = fake_board.frame(frame.type, frame.sequence, frame.body)
    assert fake_board.cobs_decoded(encoded[1:-1]) == fake_board.cobs_decoded(theirs[1:-1])
    assert decode(theirs[1:-1]) == frame


@given(st.lists(FRAMES, max_size=6), st.lists(st.integers(0, 10_000), max_size=20))
def test_frames_arrive_in_order_however_the_bytes_are_split_or_merged(
    frames: list[Frame], cuts: list[int]
) -> None:
    assert received(b"".join(map(encode, frames)), cuts) == frames


@given(
    st.lists(st.tuples(NOISE, FRAMES), min_size=1, max_size=5), st.lists(st.integers(0, 10_000), max_size=9)
)
def test_noise_between_frames_costs_none_and_is_counted(
    parts: list[tuple[bytes, Frame]], cuts: list[int]
) -> None:
    decoder = Decoder()
    stream = b"".join(noise + encode(frame) for noise, frame in parts)
    found = [frame for piece in pieces(stream, cuts) for frame in decoder.feed(piece)]
    assert found == [frame for _, frame in parts]
    assert decoder.noise_chunks == len(parts)


@given(st.lists(FRAMES, min_size=1, max_size=4), st.integers(0), st.integers(1, 255))
def test_a_damaged_byte_costs_at_most_one_frame(frames: list[Frame], place: int, flip: int) -> None:
    stream = bytearray(b"".join(map(encode, frames)))
    stream[place % len(stream)] ^= flip
    found = received(bytes(stream))
    assert any(found == frames[:lost] + frames[lost + 1 :] for lost in range(len(frames))) or found == frames


@given(st.lists(FRAMES, min_size=1, max_size=4), st.integers(0), st.integers(1, 30))
def test_lost_bytes_never_change_a_frame(frames: list[Frame], place: int, count: int) -> None:
    stream = b"".join(map(encode, frames))
    place %= len(stream)
    found = received(stream[:place] + stream[place + count :])
    remaining = iter(frames)
    assert all(frame in remaining for frame in found), "a frame that was not sent, or out of order"


@given(FRAMES, st.integers(1, 4))
def test_a_repeated_frame_arrives_as_often_as_it_came(frame: Frame, times: int) -> None:
    assert received(encode(frame) * times) == [frame] * times


@given(st.binary(max_size=600))
def test_random_bytes_are_never_a_frame(data: bytes) -> None:
    assert received(data + b"\0") == []


@given(FRAMES)
def test_a_frame_cut_short_is_noise(frame: Frame) -> None:
    encoded = encode(frame)[1:-1]
    assert all(decode(encoded[:length]) is None for length in range(len(encoded)))


def test_empty_frames_are_silence() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\0\0\0\0") == []
    assert decoder.noise_chunks == 0


def test_text_that_a_library_logs_is_kept_also_while_its_line_is_open() -> None:
    decoder = Decoder()
    frame = Frame(1, 2, b"body")
    assert decoder.feed(b"Didn't find op for builtin\r\n" + encode(frame)) == [frame]
    decoder.feed(b"\xff\xfe\x01second line: panic")
    assert decoder.noise_text == "Didn't find op for builtin\nsecond line: panic"


def test_noise_without_end_is_bounded_in_memory_and_text() -> None:
    decoder = Decoder()
    for _ in range(3 * MAX_FRAME // 4096):
        assert decoder.feed(b"babble\n\t " * 455) == []
    assert len(decoder._rest) <= MAX_FRAME
    assert len(decoder.noise_text) <= MAX_NOISE_TEXT
    assert decoder.feed(encode(Frame(1, 2, b""))) == [Frame(1, 2, b"")]


def test_the_link_moves_frames_both_ways() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        link = Link(ours.fileno())
        frame = Frame(2, 7, bytes(1000))
        link.send(encode(frame))
        assert link.receive(0.0) == []
        assert theirs.recv(4096) == encode(frame)
        theirs.sendall(b"text" + encode(frame))
        assert link.receive(1.0) == [frame]
        assert (link.noise_chunks, link.noise_text) == (1, "text")


def test_the_link_waits_as_long_as_asked_and_no_longer() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        start = time.monotonic()
        assert Link(ours.fileno()).receive(0.05) == []
        assert 0.05 <= time.monotonic() - start < 1.0


def test_a_line_that_takes_nothing_does_not_block_the_link() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        link = Link(ours.fileno())
        frame = encode(Frame(2, 7, bytes(range(256)) * 4000))
        link.send(frame)
        theirs.sendall(encode(Frame(3, 8, b"answer")))
        found: list[Frame] = []
        while not found:
            found = link.receive(0.2)
        assert found == [Frame(3, 8, b"answer")]
        taken = b""
        while len(taken) < len(frame):
            taken += theirs.recv(1 << 16)
            link.receive(0.0)
        assert taken == frame


def test_the_end_of_the_line_is_told_when_reading_and_when_writing() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        link = Link(ours.fileno())
        theirs.close()
        with pytest.raises(HungUpError):
            link.receive(1.0)
        link.send(b"x")
        with pytest.raises(HungUpError):
            link.receive(1.0)


def test_the_end_of_a_pty_is_told_at_once() -> None:
    master, slave = fake_board.open_pty()
    link = Link(slave)
    os.close(master)
    with pytest.raises(HungUpError):
        link.receive(5.0)
    os.close(slave)
