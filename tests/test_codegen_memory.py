"""The arena: buffers that are alive together do not overlap, and no more memory is taken than needed."""

import itertools
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.aot.arithmetic.windows import windows
from codegen.aot.overlap import FAR, Overlap, Reads, every, image_overlap, reads
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


# ---- outputs that reach into inputs ----
Chain = tuple[list[Buffer], dict[tuple[int, int], Overlap]]


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    """Buffers each of which is made from the one before it, some of which are read again later."""
    count = draw(st.integers(2, 7))
    sizes = [draw(st.integers(1, 60)) * ALIGNMENT for _ in range(count)]
    lives = [draw(st.sampled_from([1, 1, 1, 2, 3])) for _ in range(count)]
    buffers = [
        Buffer("b", size, index, index + life)
        for index, (size, life) in enumerate(zip(sizes, lives, strict=True))
    ]
    limits = st.integers(-10, 10).map(lambda steps: steps * 4) | st.just(0)
    overlaps = {
        (index + 1, index): Overlap(draw(limits), draw(limits | st.just(FAR)))
        for index in range(count - 1)
        if lives[index] == 1 and draw(st.booleans())
    }
    return buffers, overlaps


def allowed(distance: int, output: int, input: int, overlap: Overlap | None) -> bool:
    """Whether an output of so many bytes may begin there, from where an input of so many begins."""
    if distance <= -output or distance >= input:
        return True
    return overlap is not None and (distance <= overlap.most or distance >= overlap.least)


def fits(buffers: Sequence[Buffer], overlaps: dict[tuple[int, int], Overlap], places: dict[int, int]) -> bool:
    return all(
        allowed(
            places[one] - places[other], buffers[one].bytes, buffers[other].bytes, overlaps.get((one, other))
        )
        or allowed(
            places[other] - places[one], buffers[other].bytes, buffers[one].bytes, overlaps.get((other, one))
        )
        for one, other in itertools.combinations(places, 2)
        if buffers[one].meets(buffers[other])
    )


@given(chains())
def test_outputs_reach_into_inputs_no_further_than_they_may(chain: Chain) -> None:
    buffers, overlaps = chain
    arena = place(buffers, overlaps)
    assert fits(buffers, overlaps, dict(enumerate(arena.places)))
    assert arena.bound <= arena.bytes


def smallest(buffers: Sequence[Buffer], overlaps: dict[tuple[int, int], Overlap]) -> int:
    """The fewest bytes of all placements: each buffer at the bottom or where it touches the limits of
    another, in every order."""
    best = sum(buffer.bytes for buffer in buffers)

    def extend(places: dict[int, int], height: int) -> None:
        nonlocal best
        if height >= best:
            return
        if len(places) == len(buffers):
            best = height
            return
        for index in set(range(len(buffers))) - set(places):
            for start in sorted(starts(index, places)):
                new = places | {index: start}
                if start >= 0 and fits(buffers, overlaps, new):
                    extend(new, max(height, start + buffers[index].bytes))

    def starts(index: int, places: dict[int, int]) -> set[int]:
        found = {0}
        for other, start in places.items():
            edges = [buffers[other].bytes]
            if (index, other) in overlaps:
                edges.append(overlaps[index, other].least)
            if (other, index) in overlaps:
                edges.append(-overlaps[other, index].most)
            found |= {-(-(start + edge) // ALIGNMENT) * ALIGNMENT for edge in edges if edge < FAR}
        return found

    extend({}, 0)
    return best


@settings(max_examples=100, deadline=None)
@given(chains().filter(lambda chain: len(chain[0]) <= 5))
def test_few_buffers_are_placed_as_well_as_can_be(chain: Chain) -> None:
    assert place(*chain).bytes == smallest(*chain)


@given(
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    taps=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 3),
    channels=st.integers(1, 4),
    outputs=st.integers(1, 6),
    group=st.sampled_from([1, 2, 4]),
)
def test_a_layer_is_computed_right_where_its_output_reaches_into_its_input(
    size: tuple[int, int], taps: tuple[int, int], stride: int, channels: int, outputs: int, group: int
) -> None:
    """Step by step: no byte is read after an output was written over it, at the limits, in both
    directions."""
    rows, columns = (windows("SAME", one, tap, stride) for one, tap in zip(size, taps, strict=True))
    sides = [reads(rows, size[0], taps[0], stride), reads(columns, size[1], taps[1], stride)]
    overlap = image_overlap(sides[0], sides[1], size[1], channels, outputs, group)
    for distance, backward in ((overlap.most, False), (overlap.least, True)):
        if abs(distance) < FAR:
            walk(rows.outputs, columns.outputs, sides, size[1], channels, outputs, group, distance, backward)


def walk(
    height: int,
    width: int,
    sides: list[Reads],
    input_width: int,
    channels: int,
    outputs: int,
    group: int,
    distance: int,
    backward: bool,
) -> None:
    groups = [(y, range(x, min(x + group, width))) for y in range(height) for x in range(0, width, group)]
    written: set[int] = set()
    for y, places in reversed(groups) if backward else groups:
        for x in places:
            for row in range(sides[0].first[y], sides[0].last[y] + 1):
                for column in range(sides[1].first[x], sides[1].last[x] + 1):
                    pixel = (row * input_width + column) * channels
                    assert not written & set(range(pixel, pixel + channels))
        for x in places:
            pixel = distance + (y * width + x) * outputs
            written |= set(range(pixel, pixel + outputs))


def test_a_pointwise_layer_that_narrows_needs_no_memory_of_its_own() -> None:
    pixels = every(20)
    assert image_overlap(every(1), pixels, 20, 8, 4, group=4).most >= 0
    assert image_overlap(every(1), pixels, 20, 4, 8, group=4).most == -(8 - 4) * (20 - 4)
