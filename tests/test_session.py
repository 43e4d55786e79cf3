"""The board's side of the protocol (firmware/core/session.c) with the fake engine, under the sanitizers."""

import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.protocol import (
    MAX_ERROR_TEXT,
    RESET_BODY,
    RESULT_HEADER,
    VERSION,
    ErrorCode,
    FrameType,
    HelloReply,
    TickUnit,
)
from host.frames import Decoder, Frame, encode
from tests.session_harness import fake
from tests.session_harness.harness import Harness, harness

TICKS = 1000  # of every inference on the harness's board
sequences = st.integers(0, 2**32 - 1)
inputs = st.binary(max_size=50).map(lambda start: (start * 800)[: fake.INPUT_BYTES].ljust(fake.INPUT_BYTES))


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with harness(tmp_path_factory.mktemp("core")) as running:
        yield running


def answers(line: bytes) -> list[Frame]:
    """The board's frames; anything else on its line is a failure."""
    decoder = Decoder()
    frames = decoder.feed(line)
    assert decoder.noise_chunks == 0
    return frames


@pytest.fixture(scope="module")
def stateful_core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with harness(tmp_path_factory.mktemp("core"), "-DFAKE_MODEL_STATEFUL=1") as running:
        yield running


def ask(core: Harness, *requests: Frame, engine_fault: str = "") -> list[Frame]:
    return answers(core.session(b"".join(map(encode, requests)), engine_fault=engine_fault))


def infer(sequence: int, data: bytes) -> Frame:
    return Frame(FrameType.INFER, sequence, data)


def result(sequence: int, data: bytes) -> Frame:
    return Frame(
        FrameType.RESULT, sequence, RESULT_HEADER.pack(zlib.crc32(data), TICKS) + fake.fake_output(data)
    )


def error(code: ErrorCode, sequence: int, text: str) -> Frame:
    return Frame(FrameType.ERROR, sequence, bytes([code]) + text.encode())


CUT_SHORT = error(ErrorCode.BAD_FRAME, 0, "cut short")
HELLO = Frame(FrameType.HELLO, 5, b"")


def test_hello_is_answered_with_what_runs_here(core: Harness) -> None:
    (reply,) = ask(core, HELLO)
    assert (reply.type, reply.sequence) == (FrameType.HELLO_REPLY, 5)
    assert HelloReply.unpack(reply.body) == HelloReply(
        version=VERSION,
        frames_in_flight=3,
        tick_unit=TickUnit.CYCLE,
        tick_hz=64_000_000,
        max_body=fake.INPUT_BYTES,
        sha256=fake.SHA256,
        stateful=False,
        inputs=(fake.INPUT,),
        outputs=(fake.OUTPUT,),
        board="harness",
        engine="fake",
    )


@given(sequences, inputs)
def test_an_inference_is_answered_with_its_input_s_crc_its_ticks_and_its_output(
    core: Harness, sequence: int, data: bytes
) -> None:
    assert ask(core, infer(sequence, data)) == [result(sequence, data)]


@given(st.lists(st.tuples(sequences, inputs), max_size=5), st.integers(1, 64))
def test_requests_are_answered_in_order_however_their_bytes_arrive(
    core: Harness, requests: list[tuple[int, bytes]], bytes_a_read: int
) -> None:
    line = b"".join(encode(infer(*request)) for request in requests)
    assert answers(core.session(line, bytes_a_read)) == [result(*request) for request in requests]


def test_a_repeated_request_is_answered_again_with_the_same_output(core: Harness) -> None:
    request = infer(9, bytes(range(196)) * 4)
    first, second = ask(core, request, request)
    assert first == second == result(9, request.body)


@pytest.mark.parametrize("length", [0, 1, fake.INPUT_BYTES - 1])
def test_an_input_of_another_length_is_refused(core: Harness, length: int) -> None:
    expected = error(ErrorCode.WRONG_LENGTH, 3, "the body is not as long as the model's inputs")
    assert ask(core, infer(3, bytes(length))) == [expected]


def test_an_input_longer_than_the_buffer_is_a_bad_frame(core: Harness) -> None:
    expected = error(ErrorCode.BAD_FRAME, 0, "longer than the largest body")
    assert ask(core, infer(3, bytes(fake.INPUT_BYTES + 1)), HELLO)[0] == expected


def test_a_hello_with_a_body_is_refused(core: Harness) -> None:
    assert ask(core, Frame(FrameType.HELLO, 8, b"?")) == [
        error(ErrorCode.WRONG_LENGTH, 8, "HELLO has no body")
    ]


@given(st.integers(0, 127).filter(lambda kind: kind not in (FrameType.HELLO, FrameType.INFER)), sequences)
def test_an_unknown_request_is_named_as_such(core: Harness, kind: int, sequence: int) -> None:
    expected = error(
        ErrorCode.UNKNOWN_TYPE, sequence, "this firmware does not know the request, or shows no layers"
    )
    assert ask(core, Frame(kind, sequence, b"what?")) == [expected]


def test_a_line_that_echoes_does_not_start_an_endless_conversation(core: Harness) -> None:
    line = b"".join([encode(HELLO), b"\0noise\0", encode(infer(1, b"")), encode(infer(2, fake.REFUSED))])
    out = core.session(line)
    assert len(answers(out)) == 4
    assert core.session(out) == b""


def test_an_engine_that_fails_on_an_input_says_why_and_goes_on(core: Harness) -> None:
    good = b"\x01" * fake.INPUT_BYTES
    expected = error(ErrorCode.ENGINE_FAILED, 1, "the input asked the fake engine to fail")
    assert ask(core, infer(1, fake.REFUSED), infer(2, good)) == [expected, result(2, good)]


@pytest.mark.parametrize("request_", [HELLO, infer(5, bytes(fake.INPUT_BYTES)), infer(5, b"short")])
def test_an_engine_that_did_not_start_says_why_to_every_request(core: Harness, request_: Frame) -> None:
    expected = error(ErrorCode.ENGINE_FAILED, 5, "the arena is too small")
    assert ask(core, request_, engine_fault="the arena is too small") == [expected]


def test_an_error_s_text_is_cut_at_the_protocol_s_limit(core: Harness) -> None:
    text = "x" * (MAX_ERROR_TEXT + 50)
    assert ask(core, HELLO, engine_fault=text) == [error(ErrorCode.ENGINE_FAILED, 5, text[:MAX_ERROR_TEXT])]


# ---- a bad line ----
def test_silence_is_no_error(core: Harness) -> None:
    assert core.session(bytes(1000)) == b""


@given(
    st.lists(st.binary(min_size=1, max_size=300).map(lambda noise: noise.replace(b"\0", b"x")), max_size=5)
)
def test_each_burst_of_noise_is_answered_with_one_bad_frame(core: Harness, bursts: list[bytes]) -> None:
    line = b"".join(burst + b"\0" for burst in bursts)
    kinds = [(frame.type, frame.sequence, frame.body[0]) for frame in answers(core.session(line))]
    assert kinds == [(FrameType.ERROR, 0, ErrorCode.BAD_FRAME)] * len(bursts)


def test_text_of_a_library_on_the_line_costs_no_request(core: Harness) -> None:
    data = b"\x02" * fake.INPUT_BYTES
    line = b"Didn't find op for builtin opcode\r\n" + encode(infer(1, data)) + b"more text"
    assert answers(core.session(line)) == [CUT_SHORT, result(1, data)]


damages = st.lists(
    st.tuples(
        st.sampled_from(["change", "lose", "repeat", "insert", "cut"]),
        st.floats(0, 1),
        st.binary(max_size=40),
    ),
    max_size=6,
)


@settings(max_examples=300)
@given(damages, st.integers(1, 64))
def test_a_damaged_line_never_gives_a_wrong_number(
    core: Harness, damage: list[tuple[str, float, bytes]], bytes_a_read: int
) -> None:
    """Six inferences, damaged anywhere in any way: every RESULT is right, and a sound request is answered."""
    data = {sequence: bytes([sequence * 40]) * fake.INPUT_BYTES for sequence in range(1, 7)}
    line = b"".join(encode(infer(*request)) for request in data.items())
    for kind, where, noise in damage:
        at = int(where * len(line))
        match kind:
            case "change":
                line = line[:at] + noise + line[at + len(noise) :]
            case "lose":
                line = line[:at] + line[at + len(noise) :]
            case "repeat":
                line = line[:at] + line[max(0, at - 900) :]
            case "insert":
                line = line[:at] + noise + line[at:]
            case "cut":
                line = line[:at]
    sound = infer(100, b"\x55" * fake.INPUT_BYTES)
    *before, last = answers(core.session(line + encode(sound), bytes_a_read))
    assert last == result(100, sound.body)
    for frame in before:
        if frame.type == FrameType.RESULT:
            assert frame == result(frame.sequence, data[frame.sequence])
        else:
            assert (frame.type, frame.body[0]) == (FrameType.ERROR, ErrorCode.BAD_FRAME)


@given(st.binary(max_size=3000), st.integers(1, 64))
def test_any_bytes_at_all_give_only_errors(core: Harness, line: bytes, bytes_a_read: int) -> None:
    assert all(frame.type == FrameType.ERROR for frame in answers(core.session(line, bytes_a_read)))


# ---- RESET, and models with a state ----
def reset(sequence: int, token: int) -> Frame:
    return Frame(FrameType.RESET, sequence, RESET_BODY.pack(token))


def reset_reply(sequence: int) -> Frame:
    return Frame(FrameType.RESET_REPLY, sequence, b"")


DATA = bytes(range(196)) * 4


def test_a_reset_is_answered_and_so_is_its_copy(core: Harness) -> None:
    assert ask(core, reset(4, 99), reset(4, 99)) == [reset_reply(4)] * 2


@pytest.mark.parametrize("body", [b"", b"123", b"12345"])
def test_a_reset_of_another_length_is_refused(core: Harness, body: bytes) -> None:
    expected = error(ErrorCode.WRONG_LENGTH, 3, "RESET has a body of four bytes")
    assert ask(core, Frame(FrameType.RESET, 3, body)) == [expected]


def counted(answer: Frame) -> int:
    """How many inferences there were since the last RESET, which the fake engine with a state adds to its
    first output."""
    first = answer.body[RESULT_HEADER.size]
    return (first - fake.fake_output(DATA)[0]) % 256


def test_a_state_goes_on_from_inference_to_inference_and_begins_again(stateful_core: Harness) -> None:
    requests = [reset(0, 6), infer(1, DATA), infer(2, DATA), infer(3, DATA), reset(4, 7), infer(5, DATA)]
    found = ask(stateful_core, *requests)
    assert [counted(one) for one in found if one.type == FrameType.RESULT] == [1, 2, 3, 1]
    assert HelloReply.unpack(ask(stateful_core, HELLO)[0].body).stateful


def test_a_request_that_comes_again_does_not_advance_the_state(stateful_core: Harness) -> None:
    found = ask(stateful_core, reset(0, 1), infer(1, DATA), infer(1, DATA), infer(1, DATA), infer(2, DATA))
    assert [counted(one) for one in found[1:]] == [1, 1, 1, 2]
    assert found[1] == found[2] == found[3]  # its ticks, too


def test_late_copies_change_nothing(stateful_core: Harness) -> None:
    """Of an earlier request, which nobody waits for any more, and of the RESET."""
    requests = [reset(9, 1), infer(10, DATA), infer(11, DATA), infer(10, DATA), reset(9, 1), infer(12, DATA)]
    found = ask(stateful_core, *requests)
    assert [one.sequence for one in found] == [9, 10, 11, 9, 12]
    assert [counted(one) for one in found if one.type == FrameType.RESULT] == [1, 2, 3]


def test_sequence_numbers_go_on_over_their_end(stateful_core: Harness) -> None:
    most = 2**32 - 1
    found = ask(stateful_core, reset(most - 1, 3), infer(most, DATA), infer(0, DATA), infer(most, DATA))
    assert [counted(one) for one in found[1:]] == [1, 2]


@given(st.lists(st.integers(1, 3), min_size=1, max_size=12))
def test_however_often_requests_come_each_is_executed_once(stateful_core: Harness, copies: list[int]) -> None:
    requests = [reset(0, 5)]
    for sequence, count in enumerate(copies, 1):
        requests += [infer(sequence, DATA)] * count
    found = ask(stateful_core, *requests)[1:]
    assert [counted(one) for one in found] == [
        sequence for sequence, count in enumerate(copies, 1) for _ in range(count)
    ]
