"""What docs/ and the README show is what the code says."""

import statistics
from pathlib import Path

import pytest

from bench.markdown import PAGES, render
from bench.quoted import quoted
from codegen.reference import reference
from contract.flatbuffer import read_model
from contract.history import read_history
from contract.manifest import read_manifest
from report.seeds import PUBLISHED, read_runs


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_are_those_of_the_committed_results(page: Path) -> None:
    text = page.read_text()
    assert "<!-- table " in text
    assert render(text) == text, "run make docs"


def test_what_is_quoted_is_of_the_committed_network(mnist: Path) -> None:
    assert len(quoted(read_model(mnist / "model.tflite"))) == 2


def test_the_figures_of_the_recipes_are_as_good_as_promised(root: Path) -> None:
    seed, best = (
        read_runs(root / "docs" / "training" / f"mnist-{name}.json").runs for name in ("seed", "best")
    )
    assert [run.seed for run in seed] == list(range(20))
    assert min(run.test_accuracy for run in seed) < PUBLISHED < max(run.test_accuracy for run in seed)
    assert len(best) == 3
    assert statistics.median(run.test_accuracy for run in best) >= 0.994
    assert statistics.median(run.seconds for run in best) <= 600
    assert all(run.dead_units == 0 for run in best)


@pytest.mark.parametrize("name", ["mnist", "fashion"])
def test_the_committed_model_is_one_of_these_runs(root: Path, name: str) -> None:
    history = read_history(root / "models" / name / "history.json")
    runs = read_runs(root / "docs" / "training" / f"{name}-{history.recipe}.json").runs
    (run,) = (run for run in runs if run.seed == history.seed)
    assert run.test_accuracy == history.test_accuracy
    (scores,) = read_manifest(root / "models" / name / "manifest.json").scores
    assert scores.float_model["accuracy"] == pytest.approx(run.test_accuracy, abs=1e-6)


def test_the_operator_reference_is_what_the_registry_says(root: Path) -> None:
    assert (root / "docs" / "operators.md").read_text() == reference(), "run make docs"
