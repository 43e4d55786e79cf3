"""The same recipe with several seeds: each run's accuracy, and the median.

python -m report.seeds build/mnist-best/seed-*/history.json
"""

import argparse
import statistics
from pathlib import Path

from contract import cli
from contract.history import History, read_history


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m report.seeds", description="Compare runs of one recipe with several seeds."
    )
    parser.add_argument("histories", type=Path, nargs="+", metavar="FILE", help="history.json of each run")
    histories = [read_history(path) for path in parser.parse_args(arguments).histories]
    print(table(histories))
    return 0


def table(histories: list[History]) -> str:
    """One line a run, and the median test accuracy; the test images are counted and choose nothing."""
    lines = [f"{'seed':>6}   {'validation':>10}   {'test':>8}   {'seconds':>7}"]
    for history in sorted(histories, key=lambda history: history.seed):
        lines.append(
            f"{history.seed:>6}   {history.validation_accuracy:>10.2%}   "
            f"{history.test_accuracy:>8.2%}   {history.seconds:>7.0f}"
        )
    median = statistics.median(history.test_accuracy for history in histories)
    lines.append(f"median test accuracy of recipe {histories[0].recipe}: {median:.2%}")
    return "\n".join(lines)


if __name__ == "__main__":
    cli.run(main)
