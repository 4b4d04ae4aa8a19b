"""The model file: what is written is read, and anything else is one clear error."""

from __future__ import annotations

import json
import os
import pickle
import re
import stat
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import safetensors.numpy

from entivec.base import files
from entivec.base.files import FORMAT_VERSION, read_model, write_model

DOCUMENT = {"a": [1, 2.5, None, True], "umlaut ü\ud800": {"nested": "text"}}
ARRAYS = {"w": np.arange(3, dtype=np.float32), "code": np.array([[1], [2]], dtype=np.int16)}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.entivec"
    write_model(path, {"a": 1}, {"w": np.arange(2, dtype=np.int8)})
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.entivec"
    write_model(path, DOCUMENT, ARRAYS)
    return path


def refused(path: Path, data: bytes) -> str:
    # Not through the disk: thousands of damaged files take seconds to write.
    with (
        mock.patch.object(Path, "read_bytes", return_value=data),
        pytest.raises(ValueError) as caught,  # noqa: PT011 - texts are asserted by the caller
    ):
        read_model(path)
    text = str(caught.value)
    assert "\n" not in text
    assert re.search("save the model again|written by save|update entivec", text), text
    return text


def test_what_was_written_is_read(path: Path) -> None:
    document, arrays = read_model(path)
    assert document == DOCUMENT
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)
        arrays[name][...] = 0  # free to write to


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3)),
        np.float32(1.5),
        np.array(True),
        np.arange(6).reshape(2, 3).T,
        np.arange(3, dtype=">i4"),
        np.array([np.nan, np.inf, -0.0]),
        np.arange(4, dtype=np.uint8)[::2],
        np.array([1.5], dtype=np.float16),
        np.array([2**63], dtype=np.uint64),
    ],
    ids=lambda array: f"{array.dtype}-{array.shape}",
)
def test_arrays_of_every_sort(tmp_path: Path, array: np.ndarray) -> None:
    write_model(tmp_path / "m", {}, {"x": array})
    back = read_model(tmp_path / "m")[1]["x"]
    assert back.shape == np.shape(array)
    assert back.dtype == np.asarray(array).dtype.newbyteorder("=")
    np.testing.assert_array_equal(back, array)


def test_no_arrays_and_empty_document(tmp_path: Path) -> None:
    write_model(tmp_path / "m", {}, {})
    assert read_model(tmp_path / "m") == ({}, {})


def test_every_truncation(small: Path) -> None:
    data = small.read_bytes()
    for length in range(len(data)):
        refused(small, data[:length])


def test_appended_bytes(path: Path) -> None:
    assert "damaged" in refused(path, path.read_bytes() + b"\0")


def test_every_single_bit_flip(small: Path) -> None:
    data = small.read_bytes()
    for position in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        refused(small, bytes(flipped))


def test_random_bytes(path: Path) -> None:
    rng = np.random.default_rng(0)
    for length in [0, 1, 7, 8, 9, 16, 100, 1000] * 20:
        refused(path, rng.bytes(length))
        refused(path, length.to_bytes(8, "little") + rng.bytes(length))


@pytest.mark.parametrize("header", [b"[]", b"{}x", b"[" * 3000, b'{"a":1}', b'{"__metadata__":3}'])
def test_headers_that_are_no_header(path: Path, header: bytes) -> None:
    assert "no entivec model" in refused(path, len(header).to_bytes(8, "little") + header)


def test_other_safetensors_file(path: Path) -> None:
    text = refused(path, safetensors.numpy.save({"x": np.zeros(2)}))
    assert "is a safetensors file but no entivec model; give a file written by save()" in text
    text = refused(path, safetensors.numpy.save({"x": np.zeros(2)}, metadata={"format": "np"}))
    assert "no entivec model" in text


def test_tensor_type_that_numpy_lacks(path: Path) -> None:
    header = json.dumps({"x": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}).encode()
    refused(path, len(header).to_bytes(8, "little") + header + b"\0\0")


def test_pickle_is_not_executed(path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(path.parent / "executed"),)

    refused(path, pickle.dumps(Bomb()))
    assert not (path.parent / "executed").exists()


def test_newer_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FORMAT_VERSION", FORMAT_VERSION + 1)
    write_model(path, DOCUMENT, ARRAYS)
    monkeypatch.undo()
    text = refused(path, path.read_bytes())
    assert f"has format version {FORMAT_VERSION + 1}, newer than the {FORMAT_VERSION}" in text
    assert "update entivec" in text


@pytest.mark.parametrize("version", ["", "one", "-1", "1.0", "²"])
def test_version_that_is_none(path: Path, version: str) -> None:
    metadata = {"format": files.FORMAT, "version": version}
    text = refused(path, safetensors.numpy.save({}, metadata=metadata))
    assert f"damaged (format version {version!r})" in text


def test_huge_version_is_newer(path: Path) -> None:
    metadata = {"format": files.FORMAT, "version": "9" * 10_000}
    assert "newer than" in refused(path, safetensors.numpy.save({}, metadata=metadata))


def test_missing_digest(path: Path) -> None:
    metadata = {"format": files.FORMAT, "version": "1", "document": "{}"}
    assert "digest" in refused(path, safetensors.numpy.save({}, metadata=metadata))


@pytest.mark.parametrize(
    "forged", [np.array([0, 1], dtype=np.uint8), np.array([[0], [1]], dtype=np.int8)]
)
def test_same_bytes_of_another_dtype_or_shape(small: Path, forged: np.ndarray) -> None:
    data = small.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    text = refused(small, safetensors.numpy.save({"w": forged}, header["__metadata__"]))
    assert "its digest does not match" in text


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_model(tmp_path / "none")


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.zeros(2, complex)])
def test_arrays_refused_before_writing(path: Path, array: np.ndarray) -> None:
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"array 'x' has dtype .*; give truth values, integers"):
        write_model(path, {}, {"x": array})
    assert path.read_bytes() == before


@pytest.mark.parametrize("value", [float("nan"), {1}, object()])
def test_documents_refused_before_writing(path: Path, value: object) -> None:
    before = path.read_bytes()
    with pytest.raises(ValueError, match="the document cannot be written as JSON"):
        write_model(path, {"x": value}, {})
    assert path.read_bytes() == before


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_failed_write_leaves_former_file(
    path: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    before = path.read_bytes()
    monkeypatch.setattr(*((os, "fsync") if failing == "fsync" else (Path, "replace")), fail)
    with pytest.raises(OSError, match="disk full"):
        write_model(path, {"other": 1}, {})
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_replaces_former_file_and_leaves_nothing_else(path: Path) -> None:
    write_model(path, {"other": 1}, {})
    assert read_model(path) == ({"other": 1}, {})
    assert list(path.parent.iterdir()) == [path]


def test_link_keeps_pointing(path: Path) -> None:
    link = path.with_name("link")
    link.symlink_to(path)
    write_model(link, {"other": 1}, {})
    assert link.is_symlink()
    assert read_model(path)[0] == {"other": 1}


def test_permissions_follow_umask(tmp_path: Path) -> None:
    former = os.umask(0o027)
    try:
        write_model(tmp_path / "m", {}, {})
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "m").stat().st_mode) == 0o640


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"the folder \S*none does not exist; make it first"
    ):
        write_model(tmp_path / "none" / "m", {}, {})
    with pytest.raises(IsADirectoryError, match="is a folder; give the name of a file in it"):
        write_model(tmp_path, {}, {})


def test_file_that_cannot_hold_a_name(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="name too long"):
        write_model(tmp_path / ("x" * 300), {}, {})
