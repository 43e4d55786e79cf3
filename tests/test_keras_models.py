"""Keras models as people write them, from the .keras file to answers that were checked on a board.

In `make test` the board is native and training short; `make keras-models` trains longer, runs all of them on
the emulated Cortex-M4F and leaves their reports to be looked at.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contract.errors import UserError
from contract.manifest import read_manifest
from host.validate import Way, validate
from quantize import stage
from report.__main__ import main as report
from tests.keras_models import EXAMPLES, fitted
from tests.pipeline import ROOT, build_image

pytestmark = pytest.mark.filterwarnings("ignore:__array__", "ignore:Statistics for quantized inputs")

EPOCHS, FULL_EPOCHS = 4, 60
LEAST_DB = 8.0  # signal to noise of the board beside the float model; hardly trained ones are the worst
# A page's pictures by what it is about.
PICTURES = {
    "classification": {"confusion"},
    "binary": {"confusion"},
    "regression": {"regression", "fidelity"},
    "reconstruction": {"reconstruction", "rebuilt", "fidelity"},
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_keras_model_reaches_a_verified_board_or_is_refused_helpfully(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    import keras

    example, full = EXAMPLES[name], request.config.getoption("--full")
    if example.slow and not full:
        pytest.skip("left to make keras-models: its loop is spelled out into hundreds of operators")
    folder = ROOT / "build" / "keras-models" / name if full else tmp_path / name
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(0)
    model, arrays = example.make(keras.layers)
    if not example.refusal:
        fitted(model, arrays, FULL_EPOCHS if full else EPOCHS)
    model.save(folder / "model.keras")
    np.savez(folder / "data.npz", **arrays)  # type: ignore[arg-type]

    def quantise() -> None:
        stage.quantise(
            folder / "model.keras", folder / "data.npz", folder, name, "own", "ptq", 100, 0, "aot"
        )  # fmt: skip

    if example.refusal:
        with pytest.raises(UserError, match=example.refusal):
            quantise()
        return
    quantise()
    board, link = ("mps2-an386", "semihosting") if full else ("native", "pty")
    image = build_image(folder, folder, board, link)
    validation, failure = validate(image, images=None, threshold=100, way=Way())
    assert failure is None
    assert validation.bit_exact == validation.images == read_manifest(folder / "manifest.json").images
    assert tuple(result.task for result in validation.outputs) == example.tasks
    for result in validation.outputs:
        assert result.fidelity is not None
        assert result.fidelity.snr_db > LEAST_DB
        assert set(result.board) == set(result.float_model) != set()

    assert report([str(image)]) == 0
    page = (folder / "report" / "index.html").read_text()
    drawn = {path.stem: path for path in (folder / "report").glob("*.png")}
    for place, task in enumerate(example.tasks):
        prefix = f"output{place}_" if len(example.tasks) > 1 else ""
        assert {f"{prefix}{name}" for name in PICTURES[task]} <= set(drawn)
    assert page.count("data:image/png;base64,") == len(drawn)
    for path in drawn.values():
        with Image.open(path) as picture:
            assert len(np.unique(np.asarray(picture.convert("L")))) > 2, f"{path} is empty"
    assert len(json.loads((folder / "report" / "report.json").read_text())["outputs"]) == len(example.tasks)
