"""Fitted estimators as one pickle-free file, which knows no estimator and no parameter by name."""

from __future__ import annotations

import os
from collections.abc import Callable, KeysView, Mapping, ValuesView
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from entivec.base.files import read_model, write_model
from entivec.base.sealing import key_path, new_key, read_key, write_key
from entivec.base.values import pack, pack_index, unpack, unpack_index
from entivec.estimators import ESTIMATORS, find_estimator

Arrays = dict[str, np.ndarray]


def save(estimator: Any, path: str | os.PathLike[str], private: bool = False) -> None:
    """Write what `describe` gives; a private file under a key of its own, which lies beside it."""
    if not private:
        write_model(path, *describe(estimator))
        return
    key = new_key()
    write_model(path, *describe(estimator), key=key)
    write_key(key_path(path), key)


def describe(estimator: Any) -> tuple[dict[str, Any], Arrays]:
    """Return what `estimator.to_state` gives, with its class and parameters."""
    document, arrays = estimator.to_state()
    head = {"estimator": type(estimator).__name__, "parameters": pack_parameters(estimator)}
    return head | document, arrays


def rebuild(document: Mapping[str, Any], arrays: Arrays) -> Any:
    """Return the fitted estimator that `describe` described.

    Raises
    ------
    ValueError
        If its class is none of entivec's; other errors where something is missing.
    """
    name = document["estimator"]
    if name not in ESTIMATORS:
        raise ValueError(f"unknown estimator {name!r}")
    return find_estimator(name).from_state(document, arrays)


def load(path: str | os.PathLike[str], key: str | os.PathLike[str] | None = None) -> Any:
    """Read an estimator written by ``save``.

    Parameters
    ----------
    path : path-like
    key : path-like, optional
        Where the key of a private file lies; by default beside it, ``<path>.key``.

    Returns
    -------
    estimator
        Fitted, of the class that was saved, giving the same embeddings.

    Raises
    ------
    ValueError
        If the file is malformed, truncated, altered, not a model of entivec, or written by a newer
        version. No code from the file is ever executed.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import entivec, numpy, os, tempfile
    >>> X = numpy.random.default_rng(0).normal(size=(100, 6))
    >>> model = entivec.AutoEncoder(n_components=2, max_steps=20).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.entivec")
    ...     model.save(path)
    ...     again = entivec.load(path)
    >>> bool((again.transform(X) == model.transform(X)).all())
    True
    """
    document, arrays = read_model(path, None if key is None else read_key(key))
    try:
        return rebuild(document, arrays)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise ValueError(
            f"{os.fspath(path)} is not a complete model of entivec ({type(error).__name__}:"
            f" {error}). Save it again from the fitted estimator."
        ) from error


def pack_parameters(estimator: BaseEstimator) -> dict[str, Any]:
    """Return an estimator's parameters as JSON.

    Raises
    ------
    TypeError
        If a parameter has no form in JSON here; the message names it.
    """
    packed = {}
    for name, value in estimator.get_params(deep=False).items():
        try:
            packed[name] = pack_parameter(value)
        except TypeError as error:
            raise TypeError(f"parameter {name} of {type(estimator).__name__}: {error}") from None
    return packed


def unpack_parameters(packed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that `pack_parameters` wrote."""
    return {name: unpack_parameter(value) for name, value in packed.items()}


def pack_parameter(value: Any) -> Any:
    """Return a parameter as JSON: what `pack` takes, and containers, arrays and estimators.

    Raises
    ------
    TypeError
        If it has no form in JSON here.
    """
    if isinstance(value, BaseEstimator):
        return _typed("estimator", [type(value).__name__, pack_parameters(value)])
    if isinstance(value, np.random.RandomState):
        state: Any = value.get_state(legacy=False)
        inner = state["state"]
        return _typed(
            "random_state",
            [inner["key"].tolist(), inner["pos"], state["has_gauss"], state["gauss"]],
        )
    if isinstance(value, Mapping):
        return _typed("mapping", [[pack(k), pack_parameter(v)] for k, v in value.items()])
    if isinstance(value, pd.Index):
        return _typed("index", pack_index(value))
    if isinstance(value, pd.Series):
        return _typed("series", [pack_parameter(value.index), [pack(v) for v in value]])
    if isinstance(value, pd.DataFrame):
        columns = [pack_parameter(value.iloc[:, at]) for at in range(value.shape[1])]
        return _typed("frame", [pack_index(value.columns), columns])
    if isinstance(value, np.ndarray):
        return _typed("array", [value.dtype.str, [pack_parameter(item) for item in value]])
    if isinstance(value, (KeysView, ValuesView)):
        return _typed("list", [pack_parameter(item) for item in value])
    for kind in (list, tuple, set, frozenset):
        if type(value) is kind:
            return _typed(kind.__name__, [pack_parameter(item) for item in value])
    if isinstance(value, range):
        return _typed("range", [value.start, value.stop, value.step])
    return pack(value)


def unpack_parameter(packed: Any) -> Any:
    """Return the parameter that `pack_parameter` wrote; formats 1 and 2 wrote lists as they are."""
    if isinstance(packed, list):
        return _items(packed)
    if not isinstance(packed, dict) or packed["type"] not in _UNPACK:
        return unpack(packed)
    return _UNPACK[packed["type"]](packed["value"])


def _typed(kind: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "value": value}


def _items(packed: list[Any]) -> list[Any]:
    return [unpack_parameter(item) for item in packed]


def _estimator(packed: list[Any]) -> Any:
    return find_estimator(packed[0])(**unpack_parameters(packed[1]))


def _random_state(packed: list[Any]) -> np.random.RandomState:
    random = np.random.RandomState()
    state: Any = ("MT19937", np.array(packed[0], dtype=np.uint32), *packed[1:])
    random.set_state(state)
    return random


def _array(packed: list[Any]) -> np.ndarray:
    array = np.empty(len(packed[1]), dtype=packed[0])
    array[:] = _items(packed[1])
    return array


def _frame(packed: list[Any]) -> pd.DataFrame:
    columns = [unpack_parameter(column) for column in packed[1]]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    return frame.set_axis(unpack_index(packed[0]), axis=1)


_UNPACK: dict[str, Callable[[Any], Any]] = {
    "estimator": _estimator,
    "random_state": _random_state,
    "mapping": lambda packed: {unpack(k): unpack_parameter(v) for k, v in packed},
    "index": unpack_index,
    "series": lambda packed: pd.Series(
        [unpack(v) for v in packed[1]], index=unpack_parameter(packed[0])
    ),
    "frame": _frame,
    "array": _array,
    "list": _items,
    "tuple": lambda packed: tuple(_items(packed)),
    "set": lambda packed: set(_items(packed)),
    "frozenset": lambda packed: frozenset(_items(packed)),
    "range": lambda packed: range(*packed),
}


def prefixed(prefix: str, arrays: Arrays) -> Arrays:
    """Name the arrays of a part of a model."""
    return {prefix + name: array for name, array in arrays.items()}


def under(prefix: str, arrays: Arrays) -> Arrays:
    """Return the arrays that `prefixed` named."""
    return {name[len(prefix) :]: a for name, a in arrays.items() if name.startswith(prefix)}


def check_array(name: str, array: np.ndarray, dtype: Any, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless an array read from a file is what it should be."""
    if array.dtype != dtype or array.shape != shape:
        raise ValueError(
            f"{name} should be of shape {shape} and type {np.dtype(dtype).name}, it is of shape"
            f" {array.shape} and type {array.dtype.name}"
        )
