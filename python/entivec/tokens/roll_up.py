"""From items to whoever has them: weighted means of the vectors of a history's items."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from entivec.tokens.reading import HistoryRows, Tokens, events_of


def occurrences(tokens: Tokens, width: int) -> sparse.csr_array:
    """Return how often each entity has each token, sparse (entities, V)."""
    known = tokens.codes >= 0
    ones = np.ones(int(known.sum()), dtype=np.float32)
    places = (tokens.owners()[known], tokens.codes[known])
    return sparse.coo_array((ones, places), shape=(len(tokens), width)).tocsr()


def roll_up(
    tokens: Tokens,
    rows: HistoryRows,
    vectors: np.ndarray,
    weights: np.ndarray | None,
    half_life: float | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Average the vectors of each row's tokens.

    Parameters
    ----------
    tokens : Tokens
    rows : HistoryRows of length n
    vectors : ndarray of shape (V, d)
    weights : ndarray of shape (V,), or None
        Of the tokens.
    half_life : float, or None
        Ticks after which an event weighs half; ages count from the last event of the row.

    Returns
    -------
    means : ndarray of shape (n, d), float32
        Zeros where a row has no known token.
    found : ndarray of shape (n,), bool
    """
    sizes = rows.end - rows.begin
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    places = events_of(rows, offsets)
    codes = tokens.codes[places]
    owner = np.repeat(np.arange(len(sizes)), sizes)
    known = codes >= 0
    weight = known.astype(np.float64)
    if weights is not None:
        weight[known] *= weights[codes[known]]
    if half_life is not None:
        times = tokens.blocks.times
        assert times is not None
        last = np.where(sizes > 0, times[np.maximum(rows.end - 1, 0)], 0)
        weight *= np.exp2((times[places] - last[owner]) / half_life)
    table = sparse.csr_array(
        (weight, np.maximum(codes, 0), offsets), shape=(len(sizes), len(vectors))
    )
    sums = table @ vectors.astype(np.float64)
    total = np.bincount(owner, weights=weight, minlength=len(sizes))
    found = total > 0
    means = np.divide(sums, total[:, None], out=np.zeros_like(sums), where=found[:, None])
    return means.astype(np.float32), found


def half_life_ticks(half_life: Any, tokens: Tokens) -> float:
    """Return a half-life in ticks of the log: a stretch of time, or a number where times are.

    Raises
    ------
    ValueError
        If there are no times, or it is not positive.
    """
    blocks = tokens.blocks
    if blocks.times is None:
        raise ValueError("half_life is given and time is None; name the column of times")
    if blocks.unit is None:
        ticks = float(half_life)
    else:
        per_second = {"us": 1e6, "ns": 1e9}[blocks.unit]
        ticks = pd.Timedelta(half_life).total_seconds() * per_second
    if not ticks > 0:
        raise ValueError(f"half_life={half_life!r} must be positive, such as '30D'")
    return ticks
