"""What docs/ and the README show is what the code says."""

from pathlib import Path

from codegen.reference import reference


def test_the_operator_reference_is_what_the_registry_says(root: Path) -> None:
    assert (root / "docs" / "operators.md").read_text() == reference(), "run make docs"
