"""What an output of a model means, and so how its answers are read and how good they are.

| kind | targets, one row an input | what counts |
| --- | --- | --- |
| `classification` | int64 class indices, shaped as the output without its last axis | accuracy |
| `binary` | int64 0 or 1, shaped as the output | accuracy |
| `regression` | float32, shaped as the output | RMSE, MAE, R2 |
| `reconstruction` | float32, the input itself | RMSE, MAE and, where anomalies are labelled, AUC |
| `unknown` | none | nothing but the exactness of the bytes, and how near the float model is |
"""

from dataclasses import dataclass

CLASSIFICATION = "classification"
BINARY = "binary"
REGRESSION = "regression"
RECONSTRUCTION = "reconstruction"
UNKNOWN = "unknown"
KINDS = (CLASSIFICATION, BINARY, REGRESSION, RECONSTRUCTION, UNKNOWN)

# What quantising may lose where nobody has said otherwise, in the points of contract.scores.points_lost.
POINTS_ALLOWED = {CLASSIFICATION: 0.5, BINARY: 0.5, REGRESSION: 2.0, RECONSTRUCTION: 2.0, UNKNOWN: 0.0}


@dataclass(frozen=True)
class Task:
    """What one output means."""

    kind: str  # one of KINDS
    classes: tuple[str, ...] = ()  # a name for each element of the last axis; of a binary one: for 0 and 1
    cut: float = 0.0  # of a binary one: the real value above which the answer is 1 (0.5 behind a sigmoid)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"the task {self.kind!r} is none of {', '.join(KINDS)}")

    @property
    def has_answers(self) -> bool:
        """Whether each output is a choice, right or wrong."""
        return self.kind in (CLASSIFICATION, BINARY)


def class_names(outputs: int) -> tuple[str, ...]:
    """What classes are called that nobody has named."""
    return tuple(str(number) for number in range(outputs))
