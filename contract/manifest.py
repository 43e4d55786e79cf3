"""manifest.json: what the stages agree on about one quantised model."""

from dataclasses import dataclass
from pathlib import Path

from contract.documents import read_document, write_document
from contract.scores import Scores
from contract.task import Task

FORMAT = 3  # raised when a key changes its meaning


@dataclass(frozen=True)
class TensorInfo:
    """An input or output of the model: real = scale * (quantised - zero_point). Both are 0 for types that
    have no scale. Elements lie in C order: the last axis varies fastest."""

    name: str
    type: str  # a name of the TFLite schema's TensorType, lower case: int8, uint8, float32, int32, bool
    shape: tuple[int, ...]  # batch dimension included, always 1
    scale: float
    zero_point: int
    # Of an input: the range of the training data or, of a flatbuffer that was given, what it can hold; and
    # that of the test set, before it was clamped to the type. Real numbers; None where nothing is known.
    lowest: float | None = None
    highest: float | None = None
    tested_lowest: float | None = None
    tested_highest: float | None = None


@dataclass(frozen=True)
class OutputScores:
    """How good one output is on the test set, as `contract.scores.scores`. Empty without targets."""

    float_model: Scores  # empty where there is no float model, too
    int8_model: Scores  # run by the reference runtime


@dataclass(frozen=True)
class Manifest:
    """One quantised model. Written by `quantize`, read by everything after it."""

    model: str  # mnist, fashion, or the user's file name
    recipe: str  # seed, best, or own
    method: str  # ptq, qat, or given (a flatbuffer that came from the user)
    sha256: str  # of the flatbuffer, 64 hexadecimal digits
    flatbuffer_bytes: int
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    tasks: tuple[Task, ...]  # of each output
    layers: tuple[str, ...]  # a name for each operator of the flatbuffer, in its order, each a C identifier
    images: int  # inputs of the test set
    scores: tuple[OutputScores, ...]  # of each output
    arena_bytes: int  # what TensorFlow Lite Micro recorded on a 64-bit host: an upper bound for a Cortex-M
    representative_images: int | None  # size of the representative dataset
    representative_seed: int | None
    dataset_sha256: str | None  # of the test images and labels, as the dataset states it
    dataset_source: str | None  # where the images come from
    versions: dict[str, str]  # of the libraries that made the model
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ValueError(f"it has format {self.format}, this version reads {FORMAT}")
        if not self.inputs or not self.outputs:
            raise ValueError("it names no input or no output")
        if not len(self.outputs) == len(self.tasks) == len(self.scores):
            raise ValueError("it has not one task and one set of scores for each output")

    @property
    def is_trained(self) -> bool:
        """Whether the ranges of the inputs are those of training data."""
        return self.method != "given"

    @property
    def input(self) -> TensorInfo:
        """The first input: the only one of most models."""
        return self.inputs[0]

    @property
    def output(self) -> TensorInfo:
        """The first output: the only one of most models."""
        return self.outputs[0]

    def write(self, path: Path) -> None:
        write_document(path, self)


def read_manifest(path: Path) -> Manifest:
    """Read the manifest at `path`. UserError where it is missing, damaged or of another format."""
    return read_document(path, Manifest, "python -m quantize")
