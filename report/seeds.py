"""The same recipe with several seeds: each run's accuracy, the median, and their distribution as a picture.

python -m report.seeds build/mnist-best/seed-*/history.json
"""

import argparse
import datetime
import statistics
from dataclasses import dataclass
from pathlib import Path

from contract import cli
from contract.documents import read_document, write_document
from contract.files import write_bytes
from contract.history import History, read_history

PUBLISHED = 0.9817  # of recipe seed, by the notebook that the network and the recipe come from
DISTRIBUTION = 5  # runs that are worth a picture of how they are distributed


@dataclass(frozen=True)
class Run:
    """One training; accuracies are shares of right answers, 0 to 1."""

    seed: int
    validation_accuracy: float
    test_accuracy: float
    dead_units: int
    epochs: int
    seconds: float


@dataclass(frozen=True)
class Runs:
    """Runs of one recipe, by their seeds."""

    model: str
    recipe: str
    date: str  # of the last run, ISO
    versions: dict[str, str]
    runs: tuple[Run, ...]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m report.seeds", description="Compare runs of one recipe with several seeds."
    )
    parser.add_argument("histories", type=Path, nargs="+", metavar="FILE", help="history.json of each run")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where to write <model>-<recipe>.json and its pictures (default: nowhere)",
    )
    options = parser.parse_args(arguments)
    histories = [read_history(path) for path in options.histories]
    print(table(histories))
    if options.out is not None:
        newest = max(path.stat().st_mtime for path in options.histories)
        write(options.out, histories, datetime.date.fromtimestamp(newest).isoformat())
    return 0


def write(folder: Path, histories: list[History], date: str) -> None:
    """Write the runs as a file, and as pictures of their curves and, of many, of their accuracies."""
    from report.charts import accuracies_by_dead_units, png, validation_curves

    found = runs_of(histories, date)
    name = f"{found.model}-{found.recipe}"
    write_document(folder / f"{name}.json", found)
    pictures = {"curves": validation_curves(histories)}
    if len(found.runs) >= DISTRIBUTION:
        points = [(run.test_accuracy, run.dead_units) for run in found.runs]
        published = PUBLISHED if name == "mnist-seed" else None
        pictures["accuracies"] = accuracies_by_dead_units(points, published)
    for what, picture in pictures.items():
        write_bytes(folder / f"{name}-{what}.png", png(picture))
    print(f"written  {folder}/{name}.json, {', '.join(f'{name}-{what}.png' for what in pictures)}")


def runs_of(histories: list[History], date: str) -> Runs:
    """The runs in the order of their seeds."""
    ordered = sorted(histories, key=lambda history: history.seed)
    return Runs(
        model=ordered[0].model,
        recipe=ordered[0].recipe,
        date=date,
        versions=ordered[0].versions,
        runs=tuple(
            Run(
                seed=history.seed,
                validation_accuracy=history.validation_accuracy,
                test_accuracy=history.test_accuracy,
                dead_units=history.dead_units,
                epochs=len(history.epochs.loss),
                seconds=round(history.seconds, 1),
            )
            for history in ordered
        ),
    )


def read_runs(path: Path) -> Runs:
    """Read the file at `path`. UserError where it is missing or damaged."""
    return read_document(path, Runs, "make seeds")


def table(histories: list[History]) -> str:
    """One line a run, and the median test accuracy; the test images are counted and choose nothing."""
    lines = [f"{'seed':>6}   {'validation':>10}   {'test':>8}   {'dead units':>10}   {'seconds':>7}"]
    for history in sorted(histories, key=lambda history: history.seed):
        lines.append(
            f"{history.seed:>6}   {history.validation_accuracy:>10.2%}   {history.test_accuracy:>8.2%}   "
            f"{history.dead_units:>10}   {history.seconds:>7.0f}"
        )
    median = statistics.median(history.test_accuracy for history in histories)
    lines.append(f"median test accuracy of recipe {histories[0].recipe}: {median:.2%}")
    return "\n".join(lines)


if __name__ == "__main__":
    cli.run(main)
