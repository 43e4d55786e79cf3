"""Identifiers and pieces of C text."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.c_source import comment, float_literal, in_comment, integer_rows, string
from codegen.names import Identifiers, layer_names
from contract.flatbuffer import parse_model
from tests.networks import classifier


@given(st.lists(st.text(max_size=8), max_size=8))
def test_identifiers_are_legal_and_distinct(wishes: list[str]) -> None:
    identifiers = Identifiers(["arena"])
    names = [identifiers.claim(wish) for wish in wishes]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert name != "arena"
        assert not name.startswith("thimble_")


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("conv_1", "conv_1"),
        ("Conv2D/Relu;Bias", "conv2d_relu_bias"),
        ("int", "int"),
        ("thimble_conv_2d", "layer_thimble_conv_2d"),
        ("arena", "arena_2"),
        ("3rd", "layer_3rd"),
        ("_hidden_", "hidden"),
        ("", "layer"),
    ],
)
def test_a_name_stays_as_close_to_the_wish_as_c_allows(wish: str, name: str) -> None:
    assert Identifiers(["arena"]).claim(wish) == name


def test_layers_without_a_manifest_are_numbered_by_operator() -> None:
    model = parse_model(classifier(np.random.default_rng(0)).flatbuffer())
    names = layer_names(model, None, Identifiers())
    assert names == ["conv_0", "pool_1", "reshape_2", "dense_3", "softmax_4"]


def test_layers_of_one_name_become_distinct() -> None:
    model = parse_model(classifier(np.random.default_rng(0)).flatbuffer())
    names = layer_names(model, ["block", "block", "Block", "flatten", "while"], Identifiers())
    assert names == ["block", "block_2", "block_3", "flatten", "while"]


@given(st.text('*/?\\"\nab\u00e4'))
def test_text_cannot_leave_a_comment(text: str) -> None:
    inside = in_comment(text)
    for forbidden in ("*/", "/*", "\n", "??"):
        assert forbidden not in inside
    assert comment([text, text]).count("*/") == 1


@given(st.text('?\\"\nab\u00e4'))
def test_text_cannot_leave_a_string(text: str) -> None:
    literal = string(text)
    assert re.fullmatch(r'"([ -~]*)"', literal)
    unescaped = re.sub(r"\\(.)", r"\1", literal[1:-1])
    assert unescaped == re.sub(r"[\n\u00e4]", ".", text)
    assert not re.search(r'(?<!\\)(\\\\)*"', literal[1:-1]), "no quote but escaped ones"
    assert "??" not in literal


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_literal_gives_the_float32_back(value: float) -> None:
    literal = float_literal(value)
    assert literal.endswith("f")
    assert re.search(r"[.e]", literal)
    assert np.float32(literal[:-1]) == np.float32(value)


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=200))
def test_arrays_are_printed_whole_and_within_100_columns(values: list[int]) -> None:
    text = integer_rows(np.array(values, np.int32))
    assert [int(item.replace("INT32_MIN", str(-(2**31)))) for item in text.split(",")[:-1]] == values
    assert max(map(len, text.splitlines())) <= 100
