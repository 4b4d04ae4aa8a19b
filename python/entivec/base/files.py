"""The model file: one safetensors file with a JSON document, a format version and a digest.

No pickle, so reading never executes code. The digest covers the document and every tensor: a
damaged file is refused, whichever bit changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from entivec.base.atomic import write_atomically
from entivec.base.sealing import key_path, read_key, seal, unseal

__all__ = ["FORMAT_VERSION", "read_model", "write_model"]

FORMAT, SEALED = "entivec model", "entivec private model"
# 2: shapes of the contractive and convolutional networks, guides. 3: parameters of any form.
FORMAT_VERSION = 3
_SAVE_AGAIN = "save the model again with save()"
_KINDS = "biuf"
_LENGTH_BYTES = 8  # safetensors: length of the header, little-endian


def write_model(
    path: str | os.PathLike[str],
    document: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    key: bytes | None = None,
) -> None:
    """Write a model file; a former file of that name is replaced whole or left as it was.

    Parameters
    ----------
    path : path-like
        File to write; its folder must exist.
    document : mapping
        What JSON can hold; no NaN or infinity.
    arrays : mapping of str to ndarray
        Arrays of truth values, integers or floats, of any shape.
    key : bytes, optional
        Seals all of it: without the key the file tells nothing but its format and its length.

    Raises
    ------
    ValueError
        If the document is not JSON or an array has another dtype; nothing is written then.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from entivec.base.files import read_model, write_model
    >>> path = os.path.join(tempfile.mkdtemp(), "model.entivec")
    >>> write_model(path, {"width": 2}, {"weights": np.eye(2)})
    >>> read_model(path)[0]
    {'width': 2}
    """
    text = _as_json(document)
    tensors = {name: _as_tensor(name, array) for name, array in arrays.items()}
    metadata = {"format": FORMAT, "version": str(FORMAT_VERSION), "document": text}
    metadata["sha256"] = _digest(metadata, tensors)
    data = safetensors.numpy.save(tensors, metadata=metadata)
    if key is not None:
        metadata = {"format": SEALED, "version": str(FORMAT_VERSION)}
        box = {"sealed": np.frombuffer(seal(data, key), dtype=np.uint8)}
        data = safetensors.numpy.save(box, metadata=metadata)
    write_atomically(path, lambda part: part.write_bytes(data))


def read_model(
    path: str | os.PathLike[str], key: bytes | None = None
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a model file.

    Parameters
    ----------
    path : path-like
    key : bytes, optional
        Of a sealed file; by default that which lies beside it.

    Returns
    -------
    document : dict
    arrays : dict of str to ndarray

    Raises
    ------
    ValueError
        If the file is not a model file, is damaged, or is of a newer format version; the message
        says what to do.
    OSError
        If the file cannot be opened.
    """
    tensors, metadata = _parsed(path, Path(path).read_bytes())
    if metadata.get("format") == SEALED:
        _check_version(path, metadata)
        tensors, metadata = _parsed(path, _unsealed(path, tensors, key))
    _check_ours(path, metadata)
    if metadata.pop("sha256", None) != _digest(metadata, tensors):
        raise ValueError(f"{path} is damaged (its digest does not match); {_SAVE_AGAIN}")
    document: dict[str, Any] = json.loads(metadata["document"])
    return document, {name: _native(tensor) for name, tensor in tensors.items()}


def _unsealed(
    path: str | os.PathLike[str], tensors: Mapping[str, np.ndarray], key: bytes | None
) -> bytes:
    if key is None:
        try:
            key = read_key(key_path(path))
        except FileNotFoundError:
            raise ValueError(
                f"{path} is private and its key, {key_path(path).name}, is not beside it; give"
                " load(path, key=…). Without its key nobody can read it"
            ) from None
    try:
        return unseal(tensors["sealed"].tobytes(), key)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{path} cannot be unsealed: {_one_line(error)}") from None


def _parsed(
    path: str | os.PathLike[str], data: bytes
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    try:
        return safetensors.numpy.load(data), _metadata(data)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{path} is no entivec model file or is damaged ({_one_line(error)}); {_SAVE_AGAIN}"
        ) from None


def _as_json(document: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(document), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"the document cannot be written as JSON ({error}); give plain text, finite numbers, "
            "truth values, lists and dicts"
        ) from error


def _as_tensor(name: str, array: np.ndarray) -> np.ndarray:
    tensor = np.asarray(array)
    if tensor.dtype.kind not in _KINDS or tensor.dtype.itemsize > _LENGTH_BYTES:
        raise ValueError(
            f"array {name!r} has dtype {tensor.dtype}, which the file cannot hold; give truth "
            "values, integers or floats of at most 64 bits"
        )
    return np.asarray(tensor, dtype=tensor.dtype.newbyteorder("<"), order="C")


def _native(tensor: np.ndarray) -> np.ndarray:
    """Return a tensor of our own memory and of the machine's byte order, free to write to."""
    return np.array(tensor, dtype=tensor.dtype.newbyteorder("="))


def _digest(metadata: Mapping[str, str], tensors: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over the other metadata and every tensor's name, dtype, shape and bytes."""
    digest = hashlib.sha256()
    head = [[key, metadata[key]] for key in sorted(metadata)]
    body = [[name, tensors[name].dtype.str, tensors[name].shape] for name in sorted(tensors)]
    digest.update(json.dumps([head, body]).encode())
    for name in sorted(tensors):
        digest.update(tensors[name].tobytes())
    return digest.hexdigest()


def _metadata(data: bytes) -> dict[str, str]:
    """Return the metadata in a header that safetensors has found well formed."""
    length = int.from_bytes(data[:_LENGTH_BYTES], "little")
    header = json.loads(data[_LENGTH_BYTES : _LENGTH_BYTES + length])
    metadata: dict[str, str] = header.get("__metadata__", {})
    return metadata


def _check_ours(path: str | os.PathLike[str], metadata: Mapping[str, str]) -> None:
    if metadata.get("format") != FORMAT:
        raise ValueError(
            f"{path} is a safetensors file but no entivec model; give a file written by save()"
        )
    _check_version(path, metadata)


def _check_version(path: str | os.PathLike[str], metadata: Mapping[str, str]) -> None:
    version = metadata.get("version", "")
    if not (version.isascii() and version.isdigit()):
        raise ValueError(f"{path} is damaged (format version {version!r}); {_SAVE_AGAIN}")
    if int(version[:9]) > FORMAT_VERSION:
        raise ValueError(
            f"{path} has format version {version}, newer than the {FORMAT_VERSION} this entivec "
            "reads; update entivec (pip install -U entivec)"
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
