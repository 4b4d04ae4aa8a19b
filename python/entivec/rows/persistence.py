"""Fitted row estimators as one pickle-free file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from entivec import rows
from entivec.files import read_model, write_model
from entivec.rows.base import RowAutoEncoder
from entivec.rows.guides import Guide
from entivec.rows.jacobian_plan import JacobianPlan
from entivec.rows.network import Network, Sizes
from entivec.rows.training import State
from entivec.table import TableEncoder

SCORES = ("validation_score_", "pca_validation_score_")


def save(estimator: RowAutoEncoder, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator; see `RowAutoEncoder.save`."""
    check_is_fitted(estimator, "network_")
    table_document, table_arrays = estimator.table_.to_state()
    network = estimator.network_
    document = {
        "estimator": type(estimator).__name__,
        "parameters": _plain_parameters(estimator),
        "table": table_document,
        "network": {"sizes": asdict(network.sizes), "linear_heads": network.linear_heads},
        "history": estimator.history_.to_dict("list"),
        "n_iter": estimator.n_iter_,
        "scores": {name: getattr(estimator, name) for name in SCORES if hasattr(estimator, name)},
    }
    if hasattr(estimator, "jacobian_plan_"):
        document["jacobian_plan"] = asdict(estimator.jacobian_plan_)
    arrays = _prefixed("table.", table_arrays)
    if network.guide is not None:
        guide_document, guide_arrays = network.guide.codec.to_state()
        guide = network.guide
        document["guide"] = {
            "codec": guide_document,
            "weights": list(guide.weights),
            "form": guide.form,
            "names": [_plain(name) for name in guide.names],
        }
        arrays |= _prefixed("guide.", guide_arrays)
    if network.bounds is not None:
        arrays["bounds"] = network.bounds
    write_model(path, document, {**arrays, "params": network.params, "mean": network.mean})


def load(path: str | os.PathLike[str]) -> Any:
    """Read an estimator written by ``save``.

    Parameters
    ----------
    path : path-like

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
    document, arrays = read_model(path)
    try:
        return _restore(document, arrays)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise ValueError(
            f"{os.fspath(path)} is not a complete model of entivec ({type(error).__name__}:"
            f" {error}). Save it again from the fitted estimator."
        ) from error


def _restore(document: dict[str, Any], arrays: dict[str, np.ndarray]) -> RowAutoEncoder:
    if document["estimator"] not in rows.__all__:
        raise ValueError(f"unknown estimator {document['estimator']!r}")
    parameters = dict(document["parameters"])
    if parameters["table"] is not None:
        parameters["table"] = TableEncoder(**parameters["table"])
    estimator: RowAutoEncoder = getattr(rows, document["estimator"])(**parameters)
    estimator.table_ = TableEncoder.from_state(document["table"], _under("table.", arrays))
    sizes: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in document["network"]["sizes"].items()
    }
    network = Network(
        estimator.table_.layout_,
        Sizes(**sizes),
        arrays["params"],
        arrays["mean"],
        document["network"]["linear_heads"],
        _restore_guide(document.get("guide"), arrays),
        arrays.get("bounds"),
    )
    layout, model = network.compiled
    _check_array("params", network.params, np.float32, model.num_params)
    _check_array("mean", network.mean, np.float64, layout.encoded)
    estimator.network_ = network
    estimator.n_components_ = network.width
    estimator.history_ = pd.DataFrame(document["history"])
    estimator.n_iter_ = document["n_iter"]
    for name, value in document["scores"].items():
        setattr(estimator, name, value)
    if "jacobian_plan" in document:
        estimator.jacobian_plan_ = JacobianPlan(**document["jacobian_plan"])
    estimator._resumable = (network, State.start(network.params))
    return estimator


def _restore_guide(document: dict[str, Any] | None, arrays: dict[str, np.ndarray]) -> Guide | None:
    if document is None:
        return None
    codec = TableEncoder.from_state(document["codec"], _under("guide.", arrays))
    return Guide(codec, tuple(document["weights"]), document["form"], tuple(document["names"]))


def _prefixed(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {prefix + name: array for name, array in arrays.items()}


def _under(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name[len(prefix) :]: a for name, a in arrays.items() if name.startswith(prefix)}


def _check_array(name: str, array: np.ndarray, dtype: type, size: int) -> None:
    if array.dtype != dtype or array.shape != (size,):
        raise ValueError(f"{name} should be {size} numbers of type {dtype.__name__}")


def _plain_parameters(estimator: RowAutoEncoder) -> dict[str, Any]:
    """Constructor parameters as JSON; a random generator cannot be kept and becomes None."""
    parameters = estimator.get_params(deep=False)
    if parameters["table"] is not None:
        parameters["table"] = parameters["table"].get_params()
    for name in ("hidden_layer_sizes", "channels", "categories"):
        if parameters.get(name) is not None:
            parameters[name] = [int(size) for size in parameters[name]]
    if isinstance(parameters["guide_weight"], Mapping):
        parameters["guide_weight"] = dict(parameters["guide_weight"])
    if isinstance(parameters["random_state"], np.random.RandomState):
        parameters["random_state"] = None
    return {name: _plain(value) for name, value in parameters.items()}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
