"""quantization.json: PTQ and QAT side by side. quantize compare writes it, report reads it."""

from dataclasses import dataclass
from pathlib import Path

from contract.documents import read_document, write_document

FILE_NAME = "quantization.json"


@dataclass(frozen=True)
class LayerNoise:
    """The ratios of one operator in dB; contract.scores.LOSSLESS_DB where nothing is lost."""

    layer: str
    operator: str
    weights_db: float | None  # None for an operator without weights
    activations_db: float  # of the operator's output, over all images


@dataclass(frozen=True)
class Method:
    """One network on the validation and the test images; accuracies are shares of right answers, 0 to 1."""

    method: str  # float, ptq, float fine-tuned (what QAT trained, before it was rounded), qat
    validation_accuracy: float
    test_accuracy: float
    flatbuffer_bytes: int | None = None  # None for a float network, as are the others
    seconds: float | None = None  # of quantising, training included
    layers: tuple[LayerNoise, ...] | None = None  # against the float network that was rounded


@dataclass(frozen=True)
class Draw:
    """PTQ with one representative dataset."""

    images: int
    seed: int
    validation_accuracy: float
    test_accuracy: float


@dataclass(frozen=True)
class Comparison:
    """One network, quantised in several ways."""

    model: str
    validation_images: int
    test_images: int
    methods: tuple[Method, ...]
    representative: tuple[Draw, ...]
    gained: int  # validation images that QAT answers right and PTQ wrong
    lost: int  # and the other way round
    chosen: str  # ptq or qat, where its lead is more than chance

    def write(self, folder: Path) -> None:
        write_document(folder / FILE_NAME, self)


def read_comparison(folder: Path) -> Comparison:
    """Read `folder`/quantization.json. UserError where it is missing or damaged."""
    return read_document(folder / FILE_NAME, Comparison, "python -m quantize compare")
