"""Recommendations against what came: hits, recall, NDCG of the first places, all items ranked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from entivec.base.top import top_places

_RANK = "rank"
_MOST_CELLS = 1 << 24  # scores that are ranked at a time


def hit_rate(recommended: pd.DataFrame, truth: Any, n: int = 10, *, seen: Any = None) -> float:
    """Share of entities one of whose true items is among the first `n` (HR@n).

    Parameters
    ----------
    recommended : DataFrame
        Tidy, one row a place, as `recommend` and `predict_next` give it: a column of entities, one
        named "rank" (from 1), one of items. Or scores of all items: one row an entity, one column
        an item, the greatest first, equal ones in the order of the columns.
    truth : Series of items indexed by entity, or DataFrame of two columns, entity and item
        What came; several rows of an entity are several true items. The measure is a mean over the
        entities of `truth`; one that is not in `recommended` counts as a miss.
    n : int, default 10
        Places that are looked at.
    seen : like `truth`, or None
        Pairs that are left out of the ranking, such as what an entity had in training.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If `n` is no positive whole number, a frame has other columns, or `truth` is empty.

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec.evaluate import hit_rate
    >>> scores = pd.DataFrame([[3.0, 2.0, 1.0], [1.0, 3.0, 2.0]], index=["ann", "bob"],
    ...                       columns=["tea", "milk", "jam"])
    >>> truth = pd.Series(["milk", "tea"], index=["ann", "bob"])
    >>> hit_rate(scores, truth, n=2)
    0.5
    >>> hit_rate(scores, truth, n=2, seen=pd.Series(["milk"], index=["bob"]))
    1.0
    """
    hits = _hits(recommended, truth, n, seen)
    return len(np.unique(hits.entity)) / len(hits.true)


def recall_at(recommended: pd.DataFrame, truth: Any, n: int = 20, *, seen: Any = None) -> float:
    """Share of an entity's true items that are among the first `n`, a mean over entities.

    The denominator is the number of true items, as in He et al. 2020 (LightGCN); others divide by
    `n` where that is less.

    Parameters
    ----------
    recommended, truth, n, seen
        As in `hit_rate`.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        As `hit_rate`.

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec.evaluate import recall_at
    >>> scores = pd.DataFrame([[3.0, 2.0, 1.0]], index=["ann"], columns=["tea", "milk", "jam"])
    >>> recall_at(scores, pd.Series(["milk", "jam"], index=["ann", "ann"]), n=2)
    0.5
    """
    hits = _hits(recommended, truth, n, seen)
    return float((1 / hits.true[hits.entity]).sum()) / len(hits.true)


def ndcg(recommended: pd.DataFrame, truth: Any, n: int = 10, *, seen: Any = None) -> float:
    """Discounted gain of true items among the first `n`, as a share of the best possible (NDCG@n).

    An item at rank r gains 1 / log2(r + 1) (Järvelin & Kekäläinen 2002, binary relevance); the best
    ranking has all true items first.

    Parameters
    ----------
    recommended, truth, n, seen
        As in `hit_rate`.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        As `hit_rate`.

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec.evaluate import ndcg
    >>> scores = pd.DataFrame([[3.0, 2.0, 1.0]], index=["ann"], columns=["tea", "milk", "jam"])
    >>> round(ndcg(scores, pd.Series(["milk"], index=["ann"]), n=2), 4)
    0.6309
    """
    hits = _hits(recommended, truth, n, seen)
    gain = 1 / np.log2(np.arange(2, n + 2))
    best = np.cumsum(gain)[np.minimum(hits.true, n) - 1]
    return float((gain[hits.rank - 1] / best[hits.entity]).sum()) / len(hits.true)


@dataclass(frozen=True)
class _Hits:
    """True items among the first places.

    Attributes
    ----------
    entity : ndarray of shape (hits,)
        Positions in `true`.
    rank : ndarray of shape (hits,)
        From 1.
    true : ndarray of shape (entities,)
        True items of every entity.
    """

    entity: np.ndarray
    rank: np.ndarray
    true: np.ndarray


def _hits(recommended: pd.DataFrame, truth: Any, n: int, seen: Any) -> _Hits:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise ValueError(f"n is {n!r}; give a whole number of at least 1")
    pairs = pairs_of("truth", truth).drop_duplicates()
    if len(pairs) == 0:
        raise ValueError("truth is empty; give at least one pair of entity and item")
    entity, entities = pd.factorize(pairs["entity"])
    left_out = None if seen is None else pairs_of("seen", seen)
    listed = _listed(recommended, pd.Index(entities), int(n), left_out)
    pairs["position"] = entity
    found = listed.merge(pairs, on=["entity", "item"])
    true = np.bincount(entity, minlength=len(entities))
    return _Hits(found["position"].to_numpy(), found[_RANK].to_numpy(dtype=np.int64), true)


def pairs_of(name: str, given: Any) -> pd.DataFrame:
    """Return pairs as columns "entity" and "item".

    Raises
    ------
    ValueError
        If they are neither a Series nor a frame of two columns.
    """
    if isinstance(given, pd.Series):
        return pd.DataFrame({"entity": given.index, "item": given.to_numpy()})
    if isinstance(given, pd.DataFrame) and given.shape[1] == 2:
        return given.set_axis(["entity", "item"], axis=1).reset_index(drop=True)
    what = f"has the columns {list(given.columns)!r}" if isinstance(given, pd.DataFrame) else (
        f"is a {type(given).__name__}"
    )  # fmt: skip
    raise ValueError(
        f"{name} {what}; give a Series of items indexed by entity, or a DataFrame of two columns,"
        " entity and item"
    )


def _listed(
    recommended: pd.DataFrame, wanted: pd.Index, n: int, seen: pd.DataFrame | None
) -> pd.DataFrame:
    """Entity, item and rank of the first places of the entities `wanted`."""
    if not isinstance(recommended, pd.DataFrame):
        raise ValueError(
            f"recommended is a {type(recommended).__name__}; give a DataFrame, tidy or of scores"
        )
    if _RANK not in recommended.columns:
        return _ranked(recommended, wanted, n, seen)
    at = list(recommended.columns).index(_RANK)
    if not 0 < at < recommended.shape[1] - 1:
        raise ValueError(
            f"recommended has the columns {list(recommended.columns)!r}; give entity, rank, item"
        )
    tidy = pd.DataFrame(
        {
            "entity": recommended.iloc[:, at - 1].to_numpy(),
            "item": recommended.iloc[:, at + 1].to_numpy(),
            _RANK: recommended[_RANK].to_numpy(),
        }
    )
    if seen is not None:
        known = pd.MultiIndex.from_frame(seen)
        tidy = tidy[~pd.MultiIndex.from_frame(tidy[["entity", "item"]]).isin(known)]
        tidy[_RANK] = tidy.groupby("entity")[_RANK].rank(method="first").astype(np.int64)
    return tidy[tidy[_RANK] <= n]


def _ranked(
    scores: pd.DataFrame, wanted: pd.Index, n: int, seen: pd.DataFrame | None
) -> pd.DataFrame:
    rows = scores.index.get_indexer(wanted)
    entities, rows = wanted[rows >= 0], rows[rows >= 0]
    items, parts = scores.columns, []
    owner = column = np.empty(0, dtype=np.int64)
    if seen is not None:
        owner, column = (
            index.get_indexer(pd.Index(seen[name]))
            for index, name in ((entities, "entity"), (items, "item"))
        )
        both = (owner >= 0) & (column >= 0)
        owner, column = owner[both], column[both]
    block = max(1, _MOST_CELLS // max(len(items), 1))
    for first in range(0, len(rows), block):
        own = scores.iloc[rows[first : first + block]].to_numpy(dtype=np.float64, copy=True)
        inside = (owner >= first) & (owner < first + block)
        own[owner[inside] - first, column[inside]] = -np.inf
        place = top_places(own, n)
        kept = np.take_along_axis(own, place, axis=1) > -np.inf
        row, rank = np.nonzero(kept)
        listed = {"entity": entities[first + row], "item": items[place[row, rank]]}
        parts.append(pd.DataFrame({**listed, _RANK: rank + 1}))
    empty = pd.DataFrame({"entity": entities[:0], "item": items[:0], _RANK: []})
    return pd.concat(parts, ignore_index=True) if parts else empty
