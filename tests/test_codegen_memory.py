"""The arena: buffers that are alive together do not overlap, and no more memory is taken than needed."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from codegen.aot.schedule.arena import ALIGNMENT, Buffer, place

LIFETIMES = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted)
BUFFERS = st.lists(
    st.builds(lambda size, life: Buffer("b", size, life[0], life[1]), st.integers(1, 5000), LIFETIMES),
    max_size=12,
)


def aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


@given(BUFFERS)
def test_buffers_alive_together_do_not_overlap(buffers: list[Buffer]) -> None:
    arena = place(buffers)
    placed = list(zip(buffers, arena.places, strict=True))
    for (one, here), (other, there) in itertools.combinations(placed, 2):
        if one.meets(other):
            assert here + one.bytes <= there or there + other.bytes <= here


@given(BUFFERS)
def test_every_buffer_lies_aligned_inside_the_arena(buffers: list[Buffer]) -> None:
    arena = place(buffers)
    for buffer, start in zip(buffers, arena.places, strict=True):
        assert start % ALIGNMENT == 0
        assert 0 <= start <= start + buffer.bytes <= arena.bytes


@given(BUFFERS)
def test_the_arena_lies_between_what_one_step_needs_and_what_all_buffers_need(buffers: list[Buffer]) -> None:
    needs = [
        sum(aligned(buffer.bytes) for buffer in buffers if buffer.first <= step <= buffer.last)
        for step in range(13)
    ]
    assert max(needs) <= place(buffers).bytes <= sum(aligned(buffer.bytes) for buffer in buffers)


@given(st.lists(st.integers(1, 5000), min_size=2, max_size=12))
def test_a_chain_of_shrinking_layers_needs_its_first_two_only(sizes: list[int]) -> None:
    sizes.sort(reverse=True)
    chain = [Buffer("b", size, max(0, index - 1), index) for index, size in enumerate(sizes)]
    assert place(chain).bytes == aligned(sizes[0]) + aligned(sizes[1])


def test_no_buffer_needs_no_arena() -> None:
    assert place([]).bytes == 0
