"""The smallest width that keeps every column, by PCA's spectrum: what `n_components="auto"` is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from entivec import _core
from entivec.rows.task import RowOptions, Task
from entivec.table import Blocks, Layout
from entivec.table.compiled import core_table

MOST_COMPONENTS = 64
KEPT = 0.8  # of the variance of every column
MOST_ROWS = 5000  # that the spectrum is taken from
MOST_CELLS = 1 << 21  # that it is judged by


class Width(NamedTuple):
    """A width and why."""

    components: int
    reason: str


def smallest_width(task: Task, options: RowOptions) -> Width:
    """Find the smallest width at which PCA keeps `KEPT` of every column of held-out rows.

    Pooled explained variance does not show a column that is lost among many; so the columns are
    looked at one by one. The network keeps no less than PCA of the same width.
    """
    rows = task.rows[:: -(-len(task.rows) // MOST_ROWS)]
    blocks, judged = task.blocks.rows(rows), task.held_out
    most = min(MOST_COMPONENTS, task.compiled.encoded, max(1, len(rows) - 1))
    weights = None if task.weights is None else np.ascontiguousarray(task.weights[rows])
    if weights is not None and not weights.sum() > 0:
        weights = None
    table = core_table(task.compiled, blocks)
    pca = _core.fit_pca(task.compiled, table, weights, most, options.seed, options.threads)
    thinned = judged.rows(slice(None, None, -(-len(judged.dense) * pca.mean.size // MOST_CELLS)))
    kept = kept_by_column(pca, task.layout, thinned)
    kept[np.isnan(kept)] = 1.0  # columns that do not vary there
    least = kept.min(axis=1)
    width = int(np.argmax(least >= KEPT)) + 1 if (least >= KEPT).any() else most
    worst = int(kept[width - 1].argmin())
    what = f"{kept[width - 1, worst]:.0%} of column {task.layout.sources[worst]!r}"
    if least[width - 1] >= KEPT:
        return Width(width, f"the smallest width at which PCA keeps {KEPT:.0%} of every column")
    return Width(width, f"the most components that are chosen by themselves; PCA keeps {what}")


def kept_by_column(pca: _core.Pca, layout: Layout, blocks: Blocks) -> np.ndarray:
    """Explained variance (components, sources) of every column by the first 1, 2, … components.

    NaN where a column does not vary among the rows.
    """
    centred, observed, source = encoded(layout, blocks, pca.mean)
    components = pca.components
    codes = centred @ components.T
    count = len(layout.sources)
    deviation = np.bincount(source, np.square(centred).sum(axis=0), minlength=count)
    kept = np.empty((len(components), count))
    rest = centred
    for width, component in enumerate(components):
        rest = rest - np.outer(codes[:, width], component)
        error = np.einsum("ij,ij->j", rest, rest * observed)
        with np.errstate(invalid="ignore", divide="ignore"):
            kept[width] = 1 - np.bincount(source, error, minlength=count) / deviation
    return np.where(deviation > 0, kept, np.nan)


def encoded(
    layout: Layout, blocks: Blocks, mean: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows as PCA sees them: centred cells (n, p), missing ones 0; which are observed; sources."""
    parts = [blocks.dense.astype(np.float64)]
    observed = [~np.isnan(blocks.dense)]
    sources = [layout.dense_source]
    places = zip(layout.code_source, layout.levels, layout.first_target, strict=True)
    for column, (source, levels, first) in enumerate(places):
        codes = blocks.codes[:, [column]]
        parts.append((codes == np.arange(first, levels)).astype(np.float64))
        observed.append(np.repeat(codes >= first, levels - first, axis=1))
        sources.append(np.full(levels - first, source))
    if layout.bag_width:
        counts = blocks.bags.toarray().astype(np.float64)
        totals = counts.sum(axis=1, keepdims=True)
        parts.append(np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0))
        observed.append(np.repeat(totals > 0, layout.bag_width, axis=1))
        sources.append(np.full(layout.bag_width, layout.bag_source))
    seen = np.hstack(observed)
    centred = np.where(seen, np.hstack(parts) - mean, 0.0)
    if layout.bag_width:
        centred[:, -layout.bag_width :] *= layout.bag_weight
    return centred, seen, np.concatenate(sources)
