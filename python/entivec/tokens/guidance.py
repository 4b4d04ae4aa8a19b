"""Targets that guide vectors: what pulls the vectors of labelled tokens towards what predicts them.

Seleznev 2018, "Embeddings for entities": the loss of heads on the vectors is added to that of the
tokens. Heads are fitted in closed form, again and again, so that they never lag behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from entivec.base.values import quoted
from entivec.table.blocks import Blocks, Layout
from entivec.table.guides import Guide, fit_guide, is_guided, start_head

ROUNDS = 10  # pulls an epoch


@dataclass(frozen=True)
class LabelledRows:
    """Rows that have a label, and their targets."""

    rows: np.ndarray
    guide: Guide
    targets: Blocks

    def pull(self, vectors: np.ndarray, step: float) -> None:
        """Move the labelled rows of `vectors` (n, d) one step down the loss of their heads."""
        vectors[self.rows] -= (step * self.gradient(vectors[self.rows])).astype(np.float32)

    def gradient(self, own: np.ndarray) -> np.ndarray:
        """Fit the heads on the labelled vectors (n, d); return each loss's gradient by its own."""
        head = start_head(own, self.targets, self.guide.layout).astype(np.float64)
        weights, biases = _parts(head, own.shape[1])
        slopes = slopes_of(own @ weights + biases, self.targets, self.guide)
        return np.asarray(slopes @ weights.T)


@dataclass(frozen=True)
class LabelledMeans:
    """Labelled means of rows, such as entities as the mean of their items.

    Attributes
    ----------
    labelled : LabelledRows
        Of the means.
    occurrences : sparse array of shape (means, n)
        How often each mean has each row.
    """

    labelled: LabelledRows
    occurrences: sparse.csr_array

    def pull(self, vectors: np.ndarray, step: float) -> None:
        """Move every row of `vectors` (n, d) by the mean step of the labelled means that have it.

        A row's part in the loss grows with how often it occurs, and so does what it would move by
        the gradient itself; the mean keeps frequent rows from running away.
        """
        own = self.occurrences[self.labelled.rows]
        means = _averaged(own) @ vectors
        moves = _averaged(own.T.tocsr()) @ self.labelled.gradient(means)
        vectors -= (step * moves).astype(np.float32)


def label_rows(
    y: Any, index: pd.Index, guide_weight: float | Mapping[Any, float], what: str
) -> LabelledRows | None:
    """Match labels to rows by identifier; None where there are none to be guided by.

    Parameters
    ----------
    y : Series or DataFrame, indexed by what `index` holds
        Targets of any type; missing ones are left out.
    index : Index
        What the rows of the vectors stand for.
    guide_weight : float or mapping of target to float
    what : str
        The word of messages: "node", "item".

    Raises
    ------
    ValueError
        If `y` is no pandas object, has an identifier twice, or none that `index` has.
    """
    if not is_guided(y, guide_weight):
        return None
    if not isinstance(y, (pd.Series, pd.DataFrame)):
        raise ValueError(
            f"y is a {type(y).__name__}; labels meet {what}s by identifier: give a Series or"
            f" DataFrame indexed by {what}"
        )
    if not y.index.is_unique:
        raise ValueError(
            f"y has {what} {quoted(y.index[y.index.duplicated()][0])} twice; give each one row of"
            " targets"
        )
    found = index.get_indexer(y.index)
    if (found < 0).all():
        raise ValueError(
            f"none of the {len(y)} {what}s of y is in the data; the first is"
            f" {quoted(y.index[0])}, the data's {quoted(index[0])}"
        )
    # By place in the data, so that the order of y does not show.
    order = np.argsort(found, kind="stable")
    order = order[found[order] >= 0]
    guide, targets = fit_guide(y.iloc[order], guide_weight)
    return LabelledRows(found[order], guide, targets)


def slopes_of(logits: np.ndarray, targets: Blocks, guide: Guide) -> np.ndarray:
    """Return the derivatives of the weighted losses by the logits (n, outputs); 0 where missing.

    Squared error / 2 of standardised numbers, cross-entropy of classes.
    """
    layout, slopes, at = guide.layout, np.zeros_like(logits), 0
    for source, column in zip(layout.dense_source, targets.dense.T, strict=True):
        seen = np.isfinite(column)
        slopes[seen, at] = guide.weights[source] * (logits[seen, at] - column[seen])
        at += 1
    for source, column, width, first in _classes(layout, targets):
        seen = column >= first
        part = slice(at, at + width)
        slopes[seen, part] = guide.weights[source] * (
            _probabilities(logits[seen, part]) - _truth(column[seen] - first, width)
        )
        at += width
    return slopes


def _averaged(counts: sparse.csr_array) -> sparse.csr_array:
    """Divide each row of counts by its sum."""
    averages = sparse.diags(1 / np.maximum(counts.sum(axis=1), 1e-9)) @ counts
    return sparse.csr_array(averages)


def _parts(head: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (d, outputs) and biases (outputs,) of a flat head."""
    outputs = len(head) // (d + 1)
    return head[: d * outputs].reshape(d, outputs), head[d * outputs :]


def _classes(layout: Layout, targets: Blocks) -> Any:
    """Source, codes, outputs and first code of every target with classes."""
    for source, column, levels, first in zip(
        layout.code_source, targets.codes.T, layout.levels, layout.first_target, strict=True
    ):
        count = int(levels - first)
        yield source, column, 1 if count == 2 else count, int(first)


def _probabilities(logits: np.ndarray) -> np.ndarray:
    if logits.shape[1] == 1:
        return np.asarray(1 / (1 + np.exp(-logits)))
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def _truth(classes: np.ndarray, width: int) -> np.ndarray:
    if width == 1:
        return classes[:, None].astype(np.float64)
    return np.asarray(np.arange(width) == classes[:, None], dtype=np.float64)
