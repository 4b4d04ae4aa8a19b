"""Neighbours in an embedding, and how often they are of a kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from entivec.base.frames import label_at
from entivec.base.values import quoted
from entivec.evaluate._vectors import read_vectors
from entivec.tokens.neighbours import find_rows, most_similar


def neighbours(vectors: Any, ids: Any = None, n: int = 10) -> pd.DataFrame:
    """List the nearest neighbours of some rows among all, by cosine similarity.

    Exact; time grows with ids × rows × width, memory is bounded.

    Parameters
    ----------
    vectors : DataFrame or array of shape (n, d)
        Embeddings; of an array the rows are called by their positions.
    ids : label or list-like of labels, default=None
        Whose neighbours to find; None for all.
    n : int, default=10
        Neighbours of each, or all others where there are fewer.

    Returns
    -------
    DataFrame of shape (asked for × n, 4)
        The rows' index name, or "entity", then "neighbour", "rank" (from 1) and "similarity". The
        rows asked for in their order, the neighbours of each by falling similarity.

    Raises
    ------
    ValueError
        If an id is unknown or stands for several rows, a number is missing, or `n` is no positive
        whole number.

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec import evaluate
    >>> vectors = pd.DataFrame([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]], index=["ann", "bob", "cat"])
    >>> evaluate.neighbours(vectors, "ann", n=2)[["neighbour", "rank"]].to_numpy().tolist()
    [['bob', 1], ['cat', 2]]
    """
    values, index = read_vectors(vectors)
    if not index.is_unique:
        twice = label_at(index[index.duplicated()], 0)
        raise ValueError(
            f"the index of vectors has {twice!r} twice; neighbours are named by it, so give every"
            " row a label of its own."
        )
    what = "entity" if index.name is None else str(index.name)
    table = pd.DataFrame(values, index=index)
    found = most_similar(table, index if ids is None else ids, n, what)
    rank = 1 + np.arange(len(found)) % max(1, min(n, len(index) - 1))
    found.insert(2, "rank", rank)
    return found


def neighbour_agreement(
    vectors: pd.DataFrame, labels: Any, n: int = 10, *, items: Any = None
) -> Any:
    """Share of the nearest neighbours that have the same label.

    Neighbours are by cosine, exact, among all rows that have a label. A mean over rows, each of
    equal weight; what chance would give is the sum of the labels' squared shares.

    Parameters
    ----------
    vectors : DataFrame of shape (n, d)
        Indexed by identifier: `vectors_` of a model, or what `transform` returned.
    labels : Series or DataFrame, indexed by identifier
        Categories: the department of a product, the segment of a customer. They are met by
        identifier; rows without a label, or with a missing one, are left out, and labels of others
        are not looked at. Of several columns each is scored.
    n : int, default 10
        Neighbours of each.
    items : list-like, optional
        Whose neighbours are looked at, such as those of unseen items; all by default.

    Returns
    -------
    float in [0, 1], or a Series of them by column of `labels`
        NaN where fewer than two of the rows have a label.

    Raises
    ------
    ValueError
        If the labels have no identifiers or repeat one, none of them is in `vectors`, or an item is
        not.

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec.evaluate import neighbour_agreement
    >>> vectors = pd.DataFrame(
    ...     [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]], index=["tea", "milk", "nail", "screw"]
    ... )
    >>> aisles = pd.Series({"screw": "tools", "tea": "food", "nail": "tools", "milk": "food"})
    >>> neighbour_agreement(vectors, aisles, n=1)
    1.0
    """
    if not isinstance(labels, (pd.Series, pd.DataFrame)):
        raise ValueError(
            f"labels is a {type(labels).__name__}; give a Series or DataFrame indexed by"
            " identifier, as labels are met by it"
        )
    for what, index in (("vectors", vectors.index), ("labels", labels.index)):
        if not index.is_unique:
            raise ValueError(
                f"{what} has {quoted(index[index.duplicated()][0])} more than once; keep one row"
                " each"
            )
    table = labels.to_frame() if isinstance(labels, pd.Series) else labels
    if not vectors.index.isin(table.index).any():
        raise ValueError(
            f"no row of vectors, such as {quoted(vectors.index[0])}, has a label; labels are of"
            f" {quoted(table.index[0])} and others: do both have the same identifiers, of one type?"
        )
    chosen = (
        vectors.index if items is None else vectors.index[find_rows(vectors.index, items, "item")]
    )
    known = table.reindex(vectors.index)
    shares = [_share(vectors, known.iloc[:, j], n, chosen) for j in range(table.shape[1])]
    if isinstance(labels, pd.Series):
        return shares[0]
    return pd.Series(shares, index=table.columns, name="agreement")


def _share(vectors: pd.DataFrame, label: pd.Series[Any], n: int, chosen: pd.Index) -> float:
    known = label.notna().to_numpy()
    asked = chosen[known[vectors.index.get_indexer(chosen)]]
    if known.sum() < 2 or not len(asked):
        return float("nan")
    near = most_similar(vectors[known], asked, n)
    codes = pd.Series(pd.factorize(label)[0], label.index)
    own, other = codes.loc[near["item"]].to_numpy(), codes.loc[near["neighbour"]].to_numpy()
    return float(np.mean(own == other))
