"""How unusual a cell in *other* is: a level that was rare in training, or not there at all."""

from __future__ import annotations

import numpy as np

from entivec.table import Blocks, Layout
from entivec.table.blocks import MISSING, OTHER

_ENTROPY_FLOOR = 0.05  # nats, as in the loss


def surprise(layout: Layout, blocks: Blocks) -> np.ndarray:
    """Return the nats to add to each row's surprise for its cells in *other*, shape (n,)."""
    extra: np.ndarray = (blocks.codes == OTHER) @ layout.other_surprise
    return extra


def with_others(layout: Layout, blocks: Blocks, errors: np.ndarray) -> np.ndarray:
    """Return the errors of cells, those in *other* as unusual as their levels; missing ones NaN.

    Parameters
    ----------
    layout : Layout
    blocks : Blocks of n rows
    errors : ndarray of shape (n, sources)
        As the core gives them: NaN where *other* is no target, a number where *missing* is one.
    """
    told = errors.copy()
    roots = np.sqrt(np.maximum(_entropies(layout), _ENTROPY_FLOOR))
    for column, source in enumerate(layout.code_source):
        codes = blocks.codes[:, column]
        other = codes == OTHER
        if other.any():
            cells = np.nan_to_num(told[other, source])
            told[other, source] = cells + layout.other_surprise[column] / roots[column]
        if layout.first_target[column] == MISSING:
            told[codes == MISSING, source] = np.nan
    return told


def _entropies(layout: Layout) -> np.ndarray:
    """Entropy in nats of the targets of every categorical column, shape (k,)."""
    ends = np.cumsum(layout.levels)
    parts = zip(ends - layout.levels + layout.first_target, ends, strict=True)
    shares = [layout.level_share[first:last] for first, last in parts]
    return np.array([-(share[share > 0] * np.log(share[share > 0])).sum() for share in shares])
