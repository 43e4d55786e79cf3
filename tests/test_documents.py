"""Files between two stages: read into their dataclass, or refused in one line, whatever is in them."""

import contextlib
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.documents import read_document, write_document
from contract.errors import UserError


@dataclasses.dataclass(frozen=True)
class Inner:
    numbers: tuple[int, ...]
    pair: tuple[float, str]


@dataclasses.dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    several: tuple[Inner, ...]
    share: float | None
    passed: bool
    versions: dict[str, str]
    settings: dict[str, Any]
    format: int = 1

    def __post_init__(self) -> None:
        if self.share is not None and not 0 <= self.share <= 1:
            raise ValueError(f"its share is {self.share}")


GOOD = Outer(
    "a", Inner((1, 2), (0.5, "b")), (Inner((), (1.0, "")),), 0.25, True, {"x": "1"}, {"y": [1, None]}
)


def read(path: Path) -> Outer:
    return read_document(path, Outer, "make something")


def changed(**changes: Any) -> dict[str, Any]:
    return {**dataclasses.asdict(GOOD), **changes}


def test_a_document_reads_back_as_it_was_written(tmp_path: Path) -> None:
    write_document(tmp_path / "a.json", GOOD)
    assert read(tmp_path / "a.json") == GOOD
    write_document(tmp_path / "b.json", [GOOD, GOOD])
    assert read_document(tmp_path / "b.json", tuple[Outer, ...], "make something") == (GOOD, GOOD)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the document is a list of 0, not an object"),
        (changed(name=3), "name is 3, not a text"),
        (changed(passed=1), "passed is 1, not true or false"),
        (changed(share="high"), 'share is "high", not a finite number'),
        (changed(share=float("nan")), "share is NaN, not a finite number"),
        (changed(share=2), "the document: its share is 2.0"),
        (changed(inner={"numbers": 3, "pair": [1, "b"]}), r"inner\.numbers is 3, not a list"),
        (
            changed(inner={"numbers": [1, 2.5], "pair": [1, "b"]}),
            r"inner\.numbers\[1\] is 2.5, not a whole number",
        ),
        (changed(inner={"numbers": [], "pair": [1]}), r"inner\.pair is a list of 1, not a list of 2"),
        (changed(several=[7]), r"several\[0\] is 7, not an object"),
        (changed(versions={"x": 1}), r"versions\.x is 1, not a text"),
        (changed(more=1), 'the document has the unknown key "more"'),
        ({"name": "a"}, "the document lacks inner"),
    ],
)
def test_another_form_is_refused_with_its_place(document: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    with pytest.raises(UserError, match=rf"a\.json is damaged, {message}; make something writes it again"):
        read(path)


@pytest.mark.parametrize("text", ["", "{", '{"a":' * 100_000, "[" * 100_000, "\x00", '"\ud800'[:1] + "\xff"])
def test_what_is_not_json_is_refused_in_one_short_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=r"a\.json is damaged, ") as refused:
        read(path)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500 + len(str(path))


def test_a_missing_file_says_what_writes_it(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"cannot read .*a\.json: No such file or directory; make something writes it"
    ):
        read(tmp_path / "a.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.fixed_dictionaries({}, optional={field.name: JSON for field in dataclasses.fields(Outer)}))
def test_any_document_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, document: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps({**dataclasses.asdict(GOOD), **document}))
    with contextlib.suppress(UserError):
        read(path)
