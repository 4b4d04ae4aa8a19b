"""How unusual a level is that was in no training row."""

from __future__ import annotations

import numpy as np

from entivec.table import Blocks, Layout
from entivec.table.blocks import MISSING

_ENTROPY_FLOOR = 0.05  # nats, as in the loss


def surprise(layout: Layout, unseen: np.ndarray) -> np.ndarray:
    """Return the nats that unseen levels add to each row's surprise, shape (n,).

    Parameters
    ----------
    layout : Layout
    unseen : ndarray of shape (n, k), bool
    """
    return np.asarray(unseen @ layout.other_surprise)


def with_unseen(
    layout: Layout, blocks: Blocks, unseen: np.ndarray, errors: np.ndarray
) -> np.ndarray:
    """Return the errors of cells, those of unseen levels raised, those of missing cells NaN.

    Parameters
    ----------
    layout : Layout
    blocks : Blocks of n rows
    unseen : ndarray of shape (n, k), bool
    errors : ndarray of shape (n, sources)
        As the core gives them: NaN where *other* is no target, a number where *missing* is one.
    """
    told = errors.copy()
    roots = np.sqrt(np.maximum(_entropies(layout), _ENTROPY_FLOOR))
    for column, source in enumerate(layout.code_source):
        codes = blocks.codes[:, column]
        new = unseen[:, column]
        if new.any():
            cells = np.nan_to_num(told[new, source])
            told[new, source] = cells + layout.other_surprise[column] / roots[column]
        if layout.first_target[column] == MISSING:
            told[codes == MISSING, source] = np.nan
    return told


def _entropies(layout: Layout) -> np.ndarray:
    """Entropy in nats of the targets of every categorical column, shape (k,)."""
    ends = np.cumsum(layout.levels)
    parts = zip(ends - layout.levels + layout.first_target, ends, strict=True)
    shares = [layout.level_share[first:last] for first, last in parts]
    return np.array([-(share[share > 0] * np.log(share[share > 0])).sum() for share in shares])
