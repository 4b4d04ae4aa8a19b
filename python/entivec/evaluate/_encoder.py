"""A fitted encoder as its diagnostics see it: a function of the encoded row."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from entivec import _core
from entivec.rows.base import RowAutoEncoder
from entivec.rows.network import Network
from entivec.table import Blocks, Layout

MOST_FLOATS = 2**24  # held at a time by a diagnostic that goes through the rows in parts


def check_model(model: Any) -> None:
    """Raise unless `model` is a fitted estimator of ours."""
    if not isinstance(model, RowAutoEncoder):
        what = model.__name__ if isinstance(model, type) else f"of type {type(model).__name__}"
        raise TypeError(
            f"model must be a fitted estimator of entivec such as AutoEncoder(), got {what}. Of a"
            " pipeline give the step that embeds, and X as the steps before it leave it."
        )
    check_is_fitted(model, "network_")


def check_count(name: str, value: Any) -> int:
    """Return `value` as int, or raise unless it is a whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}.")
    return int(value)


def threads_of(model: RowAutoEncoder) -> int:
    """Threads that the estimator may use."""
    return _core.resolve_n_jobs(model.n_jobs)


def sampled(blocks: Blocks, n_rows: int, random: np.random.RandomState) -> Blocks:
    """At most `n_rows` random rows, in their order."""
    n = len(blocks.dense)
    if n <= n_rows:
        return blocks
    return blocks.rows(np.sort(random.choice(n, n_rows, replace=False)))


def in_parts(blocks: Blocks, floats_per_row: int) -> Iterator[Blocks]:
    """Cut into parts that need at most `MOST_FLOATS` floats each, or one row."""
    step = max(1, MOST_FLOATS // max(floats_per_row, 1))
    for start in range(0, len(blocks.dense), step):
        yield blocks.rows(slice(start, start + step))


def encoded(layout: Layout, blocks: Blocks) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows as the first layer reads them, and which of their cells are values.

    Returns
    -------
    x : ndarray of shape (n, inputs), float32
        Dense columns, gap flags, one-hot codes, bag shares: the order of the first kernel's rows.
    is_value : ndarray of shape (n, inputs), bool
        False for cells that are missing and for the marks of missing cells.
    """
    observed = ~np.isnan(blocks.dense)
    gaps = ~observed[:, layout.dense_gap]
    x = [np.where(observed, blocks.dense, 0), gaps]
    is_value = [observed, np.zeros_like(gaps)]
    for codes, levels in zip(blocks.codes.T, layout.levels, strict=True):
        level = np.arange(levels)
        x.append(codes[:, None] == level)
        is_value.append((codes[:, None] > 0) & (level > 0))
    counts = blocks.bags.toarray()
    totals = counts.sum(axis=1, keepdims=True)
    x.append(counts / np.where(totals > 0, totals, 1))
    is_value.append(np.broadcast_to(totals > 0, counts.shape))
    return np.hstack(x).astype(np.float32), np.hstack(is_value)


class EncodedRowEncoder:
    """The encoder of a network as a function of any encoded row, be it a row of a table or not.

    The first kernel has one row for every cell of the encoded row, so the encoder's parameters are
    also those of an encoder of tables that have this many numbers and nothing else.
    """

    def __init__(self, network: Network, threads: int) -> None:
        compiled, model = network.compiled
        self._threads = threads
        self._network = Network(
            Layout.of_numbers(compiled.inputs), network.sizes, np.empty(0, np.float32), np.empty(0)
        )
        params = np.zeros(self._network.compiled[1].num_params, np.float32)
        params[: model.encoder_params] = network.params[: model.encoder_params]
        self._network.params = params

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Codes (n, d), float32, of encoded rows `x` (n, inputs), float32."""
        return self._network.encode(Blocks.of_numbers(x), self._threads)
