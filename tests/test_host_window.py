"""Which requests count as lost, and when: the rules of docs/protocol.md, on a clock of the test's own."""

import pytest

from host.window import MARGIN, SHORTEST_WAIT, SILENCE, Request, Window

FIRST_WAIT = 5.0


def window_with(count: int, now: float = 0.0) -> tuple[Window, list[Request]]:
    """A window of four with `count` requests sent at `now`."""
    window = Window(4, FIRST_WAIT, now)
    requests = [Request(index, 100 + index, b"", b"", 0) for index in range(count)]
    for request in requests:
        window.sent(request, now)
    return window, requests


def test_the_window_is_full_with_as_many_requests_as_the_board_holds() -> None:
    window, requests = window_with(3)
    room = [window.has_room]
    window.sent(Request(3, 103, b"", b"", 0), 0.0)
    room.append(window.has_room)
    window.answered(requests[0], 0.1)
    room.append(window.has_room)
    assert room == [True, False, True]


def test_an_answer_proves_that_what_was_sent_before_is_lost() -> None:
    window, (a, b, c, d) = window_with(4)
    assert window.answered(c, 0.1) == [a, b]
    assert window.get(c.sequence) is None
    assert window.get(d.sequence) is d


def test_an_answer_to_a_repeated_request_proves_nothing_about_those_sent_in_between() -> None:
    window, (a, b) = window_with(2)
    window.sent(a, 5.0)
    assert window.answered(a, 5.1) == [], "it may have answered the first transmission of a"
    assert window.get(b.sequence) is b


def test_a_request_sent_again_is_lost_again_when_a_newer_one_is_answered() -> None:
    window, (a, b, c) = window_with(3)
    assert window.answered(b, 0.1) == [a]
    window.sent(a, 0.1)
    assert window.answered(c, 0.2) == [], "c was sent before a was sent again"
    newer = Request(3, 103, b"", b"", 0)
    window.sent(newer, 0.3)
    assert window.answered(newer, 0.4) == [a]


def test_the_first_answer_may_take_the_first_wait() -> None:
    window, (a,) = window_with(1)
    assert window.seconds_to_wait(0.0) == FIRST_WAIT
    assert window.take_overdue(FIRST_WAIT - 0.01) is None
    assert window.take_overdue(FIRST_WAIT) is a


def test_later_answers_may_take_a_multiple_of_the_longest_measured_one() -> None:
    window, (a, b, c) = window_with(3)
    window.answered(a, 1.5)
    assert window.seconds_to_wait(1.5) == pytest.approx(MARGIN * 1.5)
    window.answered(b, 1.6)  # a short one does not shorten the wait
    assert window.seconds_to_wait(1.6) == pytest.approx(MARGIN * 1.5)
    assert window.take_overdue(1.6 + MARGIN * 1.5) is c


def test_a_fast_board_is_given_the_shortest_wait() -> None:
    window, (a, _) = window_with(2)
    window.answered(a, 0.001)
    assert window.seconds_to_wait(0.001) == pytest.approx(SHORTEST_WAIT)


def test_the_wait_of_a_request_starts_when_the_one_before_is_answered() -> None:
    window, (a, b) = window_with(2)
    window.answered(a, 0.9)
    assert window.take_overdue(0.9 + MARGIN * 0.9 - 0.01) is None
    assert window.take_overdue(0.9 + MARGIN * 0.9 + 0.01) is b


def test_each_time_out_doubles_the_wait() -> None:
    window, (a, b) = window_with(2)
    window.answered(a, 0.001)
    assert window.take_overdue(3.0) is b
    window.sent(b, 3.0)
    assert window.seconds_to_wait(3.0) == pytest.approx(2 * SHORTEST_WAIT)


def test_the_wait_stays_doubled_until_an_answer_shows_how_long_the_board_takes() -> None:
    window, (a, b, c, d) = window_with(4)
    window.answered(a, 0.001)
    assert window.take_overdue(3.0) is b
    window.sent(b, 3.0)
    window.answered(b, 3.5)  # to which of its two transmissions is not known
    assert window.seconds_to_wait(3.5) == pytest.approx(2 * SHORTEST_WAIT)
    window.answered(c, 4.5)
    assert window.seconds_to_wait(4.5) == pytest.approx(MARGIN * 1.0)
    assert window.get(d.sequence) is d


def test_a_board_that_says_nothing_is_given_up_after_a_bounded_time() -> None:
    window, (a,) = window_with(1)
    window.sent(a, FIRST_WAIT)
    assert window.silent_for(SILENCE * FIRST_WAIT - 0.01) is None
    assert window.silent_for(SILENCE * FIRST_WAIT) == SILENCE * FIRST_WAIT
    assert window.seconds_to_wait(SILENCE * FIRST_WAIT + 1) == 0.0
