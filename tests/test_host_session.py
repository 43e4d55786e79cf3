"""A session against a board that does everything wrong: the right numbers or the right error, soon."""

import itertools
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.protocol import (
    RESULT_HEADER,
    VERSION,
    ErrorCode,
    FrameType,
    HelloReply,
    TensorType,
    WireTensor,
)
from host import session as session_module
from host import window as window_module
from host.boards.hardware import hardware
from host.errors import BOARD_OR_LINE, BoardError
from host.session import Answer, Session
from host.window import TRIES
from tests.fake_board import (
    SMALL_HELLO,
    TICKS,
    FakeBoard,
    Request,
    Unplug,
    error,
    frame,
    on_a_pty,
    result,
    small_output,
    with_,
)

INPUTS = [bytes([index % 251, index // 251, 0, 0, 1, 2]) for index in range(40)]
SOON = 5.0  # seconds; every failure here is found within


@contextmanager
def short_waits() -> Iterator[None]:
    """For boards that are waited for in vain. A busy machine may make them too short for a good board."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_module, "HELLO_SECONDS", 0.05)
        patch.setattr(window_module, "ANSWER_SECONDS", 0.2)
        patch.setattr(window_module, "SHORTEST_WAIT", 0.03)
        yield


@contextmanager
def session_with(board: FakeBoard) -> Iterator[Session]:
    with on_a_pty(board) as path, hardware(path) as opened:
        yield Session(opened, window_module.ANSWER_SECONDS)


def run(board: FakeBoard, inputs: list[bytes] = INPUTS) -> tuple[list[Answer], Session]:
    """HELLO, then every input; what was answered, in the order of the inputs."""
    with session_with(board) as session:
        answers = list(session.infer(inputs, session.hello()))
    return sorted(answers, key=lambda answer: answer.index), session


def run_into_error(board: FakeBoard) -> str:
    """The message of the BoardError in which a run ends, soon."""
    start = time.monotonic()
    with pytest.raises(BoardError) as caught:
        run(board)
    assert time.monotonic() - start < SOON
    assert caught.value.exit_code == BOARD_OR_LINE
    assert "\n" not in str(caught.value)
    return str(caught.value)


def is_right(answers: list[Answer]) -> bool:
    return [(a.index, a.output, a.ticks) for a in answers] == [
        (index, small_output(data), TICKS) for index, data in enumerate(INPUTS)
    ]


def test_hello_tells_what_runs_on_the_board() -> None:
    with session_with(FakeBoard()) as session:
        assert session.hello() == SMALL_HELLO


def test_every_input_is_answered_in_order_without_retries() -> None:
    answers, session = run(FakeBoard())
    assert is_right(answers)
    assert (session.retries, session.noise_text) == (0, "")


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_no_more_requests_are_under_way_than_the_board_holds(frames: int) -> None:
    waiting: list[Request] = []

    def hold_back(request: Request, answer: bytes) -> bytes:
        """Answer only when no further request comes."""
        if request.type != FrameType.INFER:
            return answer
        waiting.append(request)
        assert len(waiting) <= frames
        if len(waiting) < frames and request.number < len(INPUTS):
            return b""
        answers = b"".join(result(held, small_output(held.body)) for held in waiting)
        waiting.clear()
        return answers

    answers, session = run(FakeBoard(hello=with_(frames_in_flight=frames), fault=hold_back))
    assert is_right(answers)
    assert session.retries == 0


def test_sequence_numbers_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda bound: bound - 20)
    board = FakeBoard()
    answers, session = run(board)
    assert is_right(answers)
    assert session.retries == 0
    assert {request.sequence for request in board.requests} >= {2**32 - 1, 0, 1}


def test_a_lost_answer_is_asked_for_again_and_counted() -> None:
    to_lose = {INPUTS[index] for index in (4, 16, 17, 39)}  # alone, two in a row, the last one

    def lose(request: Request, answer: bytes) -> bytes:
        if request.body in to_lose:
            to_lose.remove(request.body)
            return b""
        return answer

    board = FakeBoard(fault=lose)
    answers, session = run(board)
    assert is_right(answers)
    assert session.retries == sum(answer.retries for answer in answers) == 4
    assert [answer.index for answer in answers if answer.retries] == [4, 16, 17, 39]


def test_a_lost_frame_costs_no_waiting_while_others_are_answered() -> None:
    def lose_every_tenth(request: Request, answer: bytes) -> bytes:
        return b"" if request.number % 10 == 3 and request.number < 30 else answer

    start = time.monotonic()
    with session_with(FakeBoard(fault=lose_every_tenth)) as session:
        hello = session.hello()
        start = time.monotonic()
        assert len(list(session.infer(INPUTS, hello))) == len(INPUTS)
        assert session.retries == 3
        assert time.monotonic() - start < window_module.SHORTEST_WAIT


def test_an_answer_to_another_input_is_dropped() -> None:
    def answer_another(request: Request, answer: bytes) -> bytes:
        if request.number == 9:
            body = RESULT_HEADER.pack(zlib.crc32(b"another input"), TICKS) + b"evil"
            return frame(FrameType.RESULT, request.sequence, body)
        return answer

    answers, session = run(FakeBoard(fault=answer_another))
    assert is_right(answers)
    assert session.retries == 1


def test_stale_and_repeated_answers_are_dropped() -> None:
    def stutter(request: Request, answer: bytes) -> bytes:
        stale = RESULT_HEADER.pack(zlib.crc32(request.body), TICKS) + b"evil"
        return frame(FrameType.RESULT, (request.sequence - 100) % 2**32, stale) + answer + answer

    answers, session = run(FakeBoard(fault=stutter))
    assert is_right(answers)
    assert session.retries == 0


def test_our_own_frames_on_a_line_that_echoes_are_dropped() -> None:
    def echo(request: Request, answer: bytes) -> bytes:
        return frame(request.type, request.sequence, request.body) + answer

    answers, session = run(FakeBoard(fault=echo))
    assert is_right(answers)
    assert session.retries == 0


def test_a_damaged_answer_is_asked_for_again() -> None:
    def damage(request: Request, answer: bytes) -> bytes:
        if request.number % 7 == 2 and request.type == FrameType.INFER and request.number < 40:
            return answer[:9] + bytes([answer[9] ^ 0x55]) + answer[10:]
        return answer

    answers, session = run(FakeBoard(fault=damage))
    assert is_right(answers)
    assert session.retries == len([number for number in range(1, 40) if number % 7 == 2])


def test_the_boards_word_that_it_read_noise_is_counted_and_harmless() -> None:
    def complain(request: Request, answer: bytes) -> bytes:
        return frame(FrameType.ERROR, 0, bytes([ErrorCode.BAD_FRAME]) + b"wrong CRC-32") + answer

    answers, session = run(FakeBoard(fault=complain))
    assert is_right(answers)
    assert (session.complaints, session.retries) == (len(INPUTS) + 1, 0)


def test_text_on_the_line_is_kept_and_harmless() -> None:
    def log(request: Request, answer: bytes) -> bytes:
        return (b"library says hello\r\n" + answer) if request.number in (0, 8) else answer

    answers, session = run(FakeBoard(fault=log))
    assert is_right(answers)
    assert session.retries == 0
    assert session.noise_text == "library says hello\nlibrary says hello"


def test_a_board_that_never_answers_is_reported_with_the_text_it_prints() -> None:
    def say_nothing(request: Request, answer: bytes) -> bytes:
        return b"Blink sketch v2\r\n"

    with short_waits():
        message = run_into_error(FakeBoard(fault=say_nothing))
    assert "no answer within" in message
    assert "python -m host ports" in message
    assert "text on the line: Blink sketch v2" in message


def test_a_board_that_stops_answering_is_given_up() -> None:
    def stop(request: Request, answer: bytes) -> bytes:
        return answer if request.number <= 20 else b""

    with short_waits():
        message = run_into_error(FakeBoard(fault=stop))
    assert message.startswith("after 20 of 40 images: no answer for ")


def test_a_board_that_babbles_without_end_is_given_up() -> None:
    def babble(request: Request, answer: bytes) -> bytes:
        return answer if request.number <= 20 else b"\0babble" * 100_000

    with short_waits():
        assert "after 20 of 40 images" in run_into_error(FakeBoard(fault=babble))


def test_an_image_that_never_arrives_while_others_do_is_given_up() -> None:
    def refuse(request: Request, answer: bytes) -> bytes:
        return b"" if request.body == INPUTS[3] else answer

    message = run_into_error(FakeBoard(fault=refuse))
    assert f"image 3 was sent {TRIES} times" in message


def test_an_unplugged_board_ends_the_run_at_once() -> None:
    def unplug(request: Request, answer: bytes) -> bytes:
        if request.number == 21:
            raise Unplug
        return answer

    message = run_into_error(FakeBoard(fault=unplug))
    assert " of 40 images: /dev/" in message
    assert "unplugged or reset; check the cable" in message


def test_the_engines_own_words_are_shown() -> None:
    message = run_into_error(FakeBoard(engine_fault="arena: 9,000 bytes, 9,524 needed"))
    assert message == "the engine on the board failed: arena: 9,000 bytes, 9,524 needed"


def test_an_engine_that_fails_half_way_stops_the_run() -> None:
    def fail(request: Request, answer: bytes) -> bytes:
        if request.number == 10:
            return b"op said no\r\n" + error(request, ErrorCode.ENGINE_FAILED, "Invoke failed")
        return answer

    message = run_into_error(FakeBoard(fault=fail))
    assert message == (
        "after 9 of 40 images: the engine on the board failed: Invoke failed; text on the line: op said no"
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (ErrorCode.UNKNOWN_TYPE, "does not know a request"),
        (ErrorCode.WRONG_LENGTH, "another length"),
        (77, "77"),
    ],
)
def test_every_other_error_stops_the_run(code: int, words: str) -> None:
    def fail(request: Request, answer: bytes) -> bytes:
        return error(request, code, "board's text") if request.type == FrameType.INFER else answer

    message = run_into_error(FakeBoard(fault=fail))
    assert words in message
    assert "board's text" in message


def test_an_error_about_a_request_of_an_earlier_session_is_dropped() -> None:
    def stale(request: Request, answer: bytes) -> bytes:
        old = Request(request.type, (request.sequence + 999) % 2**32, b"", 0)
        return error(old, ErrorCode.ENGINE_FAILED, "long ago") + answer

    assert is_right(run(FakeBoard(fault=stale))[0])


def test_another_version_of_the_protocol_is_refused() -> None:
    def speak_tomorrows(request: Request, answer: bytes) -> bytes:
        return frame(FrameType.HELLO_REPLY, request.sequence, bytes([VERSION + 1]) + b"of another layout")

    message = run_into_error(FakeBoard(fault=speak_tomorrows))
    assert f"speaks version {VERSION + 1} of the protocol, this host version {VERSION}" in message


@pytest.mark.parametrize("length", [0, 1, 20, len(SMALL_HELLO.pack()) - 1])
def test_a_description_that_is_cut_short_is_refused(length: int) -> None:
    def cut(request: Request, answer: bytes) -> bytes:
        return frame(FrameType.HELLO_REPLY, request.sequence, SMALL_HELLO.pack()[:length])

    assert "makes no sense" in run_into_error(FakeBoard(fault=cut))


@pytest.mark.parametrize("hello", [with_(frames_in_flight=0), with_(tick_hz=0)])
def test_a_description_that_cannot_be_is_refused(hello: HelloReply) -> None:
    assert "must be at least 1" in run_into_error(FakeBoard(hello=hello))


def test_an_output_of_another_length_is_refused() -> None:
    message = run_into_error(FakeBoard(output=lambda data: b"12345"))
    assert "answered image 0 with 5 bytes, its outputs have 4" in message


def test_the_host_is_faster_than_any_board_it_talks_to() -> None:
    """An image of MNIST's size costs the host well under a fifth of a millisecond."""
    image = WireTensor("image", TensorType.INT8, (1, 28, 28, 1), 1.0, 0)
    board = FakeBoard(hello=with_(inputs=(image,)))
    inputs = [Random(index).randbytes(784) for index in range(1000)]
    with session_with(board) as session:
        hello = session.hello()
        start = time.thread_time()
        assert len(list(session.infer(inputs, hello))) == len(inputs)
        assert time.thread_time() - start < 0.2


def test_a_model_with_a_state_begins_anew_and_gets_one_input_at_a_time() -> None:
    board = FakeBoard(hello=with_(stateful=True))
    inputs = [bytes([index] * 6) for index in range(20)]
    with session_with(board) as session:
        answers = list(session.infer(inputs, session.hello()))
    assert [answer.output for answer in answers] == [small_output(data) for data in inputs]
    kinds = [request.type for request in board.requests]
    assert kinds == [FrameType.HELLO, FrameType.RESET, *[FrameType.INFER] * 20]
    assert board.most_waiting == 1


FAULTS = st.sampled_from(
    ["", "", "", "lose", "repeat", "damage", "cut", "delay", "text", "noise", "foreign", "complaint"]
)


@settings(max_examples=20)
@given(st.lists(FAULTS, min_size=1, max_size=30), st.integers(0, 2**32))
def test_whatever_the_line_does_no_number_is_ever_wrong(faults: list[str], seed: int) -> None:
    random = Random(seed)
    pattern = itertools.cycle(faults)
    delayed: list[bytes] = []

    def misbehave(request: Request, answer: bytes) -> bytes:
        fault = next(pattern)
        place = random.randrange(len(answer))
        late = b"".join(delayed)
        delayed.clear()
        if fault == "delay":
            delayed.append(answer)
        return (
            late
            + {
                "": answer,
                "lose": b"",
                "repeat": answer * 2,
                "damage": answer[:place] + bytes([answer[place] ^ 1]) + answer[place + 1 :],
                "cut": answer[:place],
                "delay": b"",
                "text": b"log line\r\n" + answer,
                "noise": random.randbytes(30) + answer,
                "foreign": frame(FrameType.RESULT, request.sequence, bytes(8) + b"evil"),
                "complaint": error(request, ErrorCode.BAD_FRAME, "?") + answer,
            }[fault]
        )

    start = time.monotonic()
    try:
        with short_waits():
            answers, _ = run(FakeBoard(fault=misbehave))
    except BoardError:
        pass
    else:
        assert is_right(answers)
    assert time.monotonic() - start < SOON


@settings(max_examples=10)
@given(st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=10))
def test_a_board_of_random_bytes_is_an_error(replies: list[bytes]) -> None:
    pattern = itertools.cycle(replies)
    board = FakeBoard(fault=lambda request, answer: next(pattern))
    with short_waits(), session_with(board) as session, pytest.raises(BoardError):
        session.hello()
