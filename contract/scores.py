"""How good outputs are beside their targets, and how near beside the float model's.

Outputs are real numbers, (N, *output shape); targets are as contract.task says. Everything is computed in
float64 over all elements of all N.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.task import BINARY, CLASSIFICATION, RECONSTRUCTION, REGRESSION, Task

LOSSLESS_DB = 999.0  # stands for an infinite ratio, which JSON cannot hold

TITLES = {"accuracy": "accuracy", "rmse": "RMSE", "mae": "MAE", "r2": "R2", "auc": "AUC"}

Scores = dict[str, float]  # by name: accuracy (a share, 0 to 1), rmse, mae, r2, auc


@dataclass(frozen=True)
class Fidelity:
    """How near the board's outputs are to the float model's, over all elements."""

    rmse: float
    mae: float
    largest: float  # absolute error
    cosine: float  # similarity, -1 to 1, of all outputs as one vector
    snr_db: float  # 10 log10(sum of squares of the float model's / of the errors); LOSSLESS_DB without error


def answers(task: Task, outputs: NDArray[Any]) -> NDArray[np.int64]:
    """What each output chooses: the index of the highest element of the last axis, the first of equals; or 1
    where a binary output is above the cut."""
    if task.kind == CLASSIFICATION:
        chosen: NDArray[np.int64] = np.argmax(outputs, axis=-1)
        return chosen
    assert task.kind == BINARY
    return (outputs > task.cut).astype(np.int64)


def right(task: Task, outputs: NDArray[Any], targets: NDArray[Any]) -> NDArray[np.bool_]:
    """Which answers are the targets, (N, ...)."""
    given = answers(task, outputs)
    same: NDArray[np.bool_] = given == targets.reshape(given.shape)
    return same


def scores(
    task: Task,
    outputs: NDArray[Any],
    targets: NDArray[Any] | None,
    anomalies: NDArray[np.int64] | None = None,
) -> Scores:
    """The scores that the task has, empty without targets.

    `anomalies` (N,): 1 for what a reconstruction is meant to fail on. Without both kinds there is no AUC,
    with targets that are all the same no R2.
    """
    if targets is None:
        return {}
    if task.has_answers:
        return {"accuracy": float(np.mean(right(task, outputs, targets)))}
    normal = slice(None) if anomalies is None else anomalies == 0
    found: Scores = {}
    if len(outputs[normal]):
        errors = outputs[normal].astype(np.float64) - targets[normal]
        found = {"rmse": _root_mean_square(errors), "mae": float(np.mean(np.abs(errors)))}
        spread = float(np.var(targets[normal], dtype=np.float64))
        if task.kind == REGRESSION and spread > 0:
            found["r2"] = 1 - float(np.mean(errors**2)) / spread
    if task.kind == RECONSTRUCTION and anomalies is not None and 0 < anomalies.sum() < len(anomalies):
        found["auc"] = area_under_curve(reconstruction_errors(outputs, targets), anomalies)
    return found


def score_text(found: Scores) -> str:
    """Scores for people."""
    return "  ".join(
        f"{TITLES[name]} {100 * value:.2f} %" if name == "accuracy" else f"{TITLES[name]} {value:.4g}"
        for name, value in found.items()
    )


def points_lost(
    task: Task,
    board: Scores,
    float_model: Scores,
    targets: NDArray[Any] | None,
) -> float | None:
    """What the board loses against the float model, in points that THRESHOLD limits: percentage points of
    accuracy or AUC, else the growth of the RMSE in percent of the targets' standard deviation. None where
    there is nothing to compare."""
    for name in ("accuracy", "auc"):
        if name in board and name in float_model:
            return round(100 * (float_model[name] - board[name]), 9)  # so that 0.5 lost is not above 0.5
    if targets is None or "rmse" not in board or "rmse" not in float_model:
        return None
    growth, spread = board["rmse"] - float_model["rmse"], float(np.std(targets, dtype=np.float64))
    return round(100 * growth / spread, 9) if spread > 0 else None


def fidelity(outputs: NDArray[Any], exact: NDArray[Any]) -> Fidelity:
    """How near `outputs` are to `exact`, both (N, *output shape)."""
    x, y = exact.astype(np.float64).ravel(), outputs.astype(np.float64).ravel()
    errors = y - x
    lengths = math.sqrt(float(np.sum(x**2)) * float(np.sum(y**2)))
    same = not errors.any()
    return Fidelity(
        rmse=_root_mean_square(errors),
        mae=float(np.mean(np.abs(errors))),
        largest=float(np.max(np.abs(errors))),
        cosine=1.0 if same else float(np.dot(x, y)) / lengths if lengths else 0.0,
        snr_db=decibels(float(np.sum(x**2)), float(np.sum(errors**2))),
    )


def decibels(signal: float, noise: float) -> float:
    """The ratio of two sums of squares in dB; LOSSLESS_DB without noise."""
    if not noise:
        return LOSSLESS_DB
    return 10 * math.log10(signal / noise) if signal else -LOSSLESS_DB


def reconstruction_errors(outputs: NDArray[Any], targets: NDArray[Any]) -> NDArray[np.float64]:
    """The mean squared error of each reconstruction, (N,)."""
    squares = (outputs.astype(np.float64) - targets) ** 2
    errors: NDArray[np.float64] = squares.reshape(len(squares), -1).mean(axis=1)
    return errors


def area_under_curve(values: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The area under the ROC curve of `values` (N,), which are to be higher where `labels` are 1: the share
    of pairs of a 1 and a 0 that are in order, ties counted half (Mann and Whitney 1947)."""
    ones, zeros = np.sort(values[labels == 1]), np.sort(values[labels == 0])
    below = np.searchsorted(zeros, ones, "left").sum()
    upto = np.searchsorted(zeros, ones, "right").sum()
    return float(below + upto) / (2 * len(ones) * len(zeros))


def _root_mean_square(errors: NDArray[np.float64]) -> float:
    return math.sqrt(float(np.mean(errors**2)))
