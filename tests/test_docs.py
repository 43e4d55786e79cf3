"""What docs/ and the README show is what the code says."""

from pathlib import Path

import pytest

from bench.markdown import PAGES, render
from bench.quoted import quoted
from codegen.reference import reference
from contract.files import sha256_of


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_are_those_of_the_committed_results(page: Path) -> None:
    text = page.read_text()
    assert "<!-- table " in text
    assert render(text) == text, "run make docs"


def test_what_is_quoted_is_of_the_committed_model(mnist: Path) -> None:
    assert len(quoted(sha256_of(mnist / "model.tflite"))) == 2
    assert quoted("0" * 64) == ()


def test_the_operator_reference_is_what_the_registry_says(root: Path) -> None:
    assert (root / "docs" / "operators.md").read_text() == reference(), "run make docs"
