"""python -m report: one page about a model, from everything that the other stages wrote."""

import argparse
from pathlib import Path

from contract import cli


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    from contract.scores import score_text
    from report.gather import gather
    from report.page import write_report

    results = gather(options.image)
    folder = options.out or options.image.parent / "report"
    page = write_report(results, folder)
    for output, result in zip(results.outputs, results.validation.outputs, strict=True):
        if len(results.outputs) > 1:
            print(f"{output.name}, {output.task.kind}")
        for name, found in output.shares.items():
            print(f"{name:<28} {found.value:.2%}   95 % interval {found.low:.2%} to {found.high:.2%}")
        if not output.shares and result.board:
            print(f"{'int8 on the board':<28} {score_text(result.board)}")
    print(f"report  {page}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=cli.program("report"),
        description="Write report/index.html, report.json and PNG files about a validated image.",
    )
    parser.add_argument(
        "image",
        type=Path,
        metavar="DIR",
        help="the image's folder build/<model>-<recipe>/<board>-<engine>, validated",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (default: report, beside the image's folder)"
    )
    return parser


if __name__ == "__main__":
    cli.run(main)
