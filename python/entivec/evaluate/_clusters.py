"""How far clusters of embeddings stand apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from entivec.base.frames import matched
from entivec.evaluate._encoder import check_count
from entivec.evaluate._vectors import read_vectors

METRICS = ("euclidean", "sqeuclidean", "cosine")
TILE = (512, 2048)  # distances held at a time: what a core's cache holds


def silhouette(vectors: Any, labels: Any, *, metric: str = "euclidean") -> pd.Series[float]:
    """Silhouette of every row: how much nearer its own cluster is than the next one.

    (b - a) / max(a, b) [Rousseeuw 1987], a the mean distance to the other rows of the own cluster,
    b the least mean distance to the rows of another. Their mean is the score of the clustering.

    Parameters
    ----------
    vectors : DataFrame or array of shape (n, d)
    labels : Series or array of length n
        The cluster of each row, or any other group; a Series is matched by index where `vectors`
        is a DataFrame. Rows without a label do not count.
    metric : {"euclidean", "sqeuclidean", "cosine"}, default="euclidean"
        Exact in any case, with memory for n × clusters numbers. The time of "euclidean" grows with
        n² (a million rows of 16 components: about an hour on one core); that of the squared and of
        the cosine distance with n × clusters, since their means follow from sums over clusters.

    Returns
    -------
    Series of length n, float64
        From -1 to 1, named "silhouette", with the index of `vectors`; 0 in a cluster of one row,
        NaN without a label.

    Raises
    ------
    ValueError
        If a number is missing, the labels do not fit the rows or name fewer than two clusters, or
        the metric is unknown.

    Examples
    --------
    >>> from entivec import evaluate
    >>> evaluate.silhouette([[0.0], [1.0], [9.0], [10.0]], ["a", "a", "b", "b"]).round(3).tolist()
    [0.895, 0.882, 0.882, 0.895]
    """
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}; got {metric!r}.")
    values, index = read_vectors(vectors)
    codes, names = pd.factorize(matched("labels", labels, vectors))
    if len(names) < 2:
        raise ValueError(
            f"labels must name at least two clusters, got {len(names)}"
            + (f": {names[0]!r}." if len(names) else ".")
        )
    found = np.full(len(values), np.nan)
    known = np.flatnonzero(codes >= 0)
    known = known[np.argsort(codes[known], kind="stable")]  # a cluster's rows side by side
    found[known] = _of_sorted(values[known], codes[known], metric)
    return pd.Series(found, index, name="silhouette")


def _of_sorted(values: np.ndarray, codes: np.ndarray, metric: str) -> np.ndarray:
    counts = np.bincount(codes)
    own = np.arange(len(codes)), codes
    totals = _TOTALS[metric](values, counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        a = totals[own] / (counts[codes] - 1)
        totals /= counts
        totals[own] = np.inf
        b = totals.min(axis=1)
        found = (b - a) / np.maximum(a, b)
    found[counts[codes] == 1] = 0
    return np.asarray(np.nan_to_num(found))


# Totals (n, clusters) of the distances of each row to the rows of each cluster.


def _euclidean(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    from sklearn.metrics import euclidean_distances

    values = values - values.mean(axis=0)  # what is large and common to all costs digits
    squares = np.square(values).sum(axis=1)
    ends = np.cumsum(counts)
    totals = np.zeros((len(values), len(counts)))
    for top in range(0, len(values), TILE[0]):
        rows = slice(top, top + TILE[0])
        for cluster, (first, end) in enumerate(zip(ends - counts, ends, strict=True)):
            for left in range(first, end, TILE[1]):
                columns = slice(left, min(left + TILE[1], end))
                apart = euclidean_distances(
                    values[rows],
                    values[columns],
                    X_norm_squared=squares[rows, None],
                    Y_norm_squared=squares[columns, None],
                )
                itself = np.arange(max(top, left), min(top + TILE[0], columns.stop))
                apart[itself - top, itself - left] = 0
                totals[rows, cluster] += apart.sum(axis=1)
    return totals


def _squared_euclidean(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    values = values - values.mean(axis=0)
    squares = np.square(values).sum(axis=1)
    starts = np.cumsum(counts) - counts
    sums = np.add.reduceat(values, starts), np.add.reduceat(squares, starts)
    totals = counts * squares[:, None] - 2 * values @ sums[0].T + sums[1]
    return _without_rounding(totals, counts * squares.max())


def _cosine(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(values, axis=1, keepdims=True)
    unit = np.divide(values, length, out=np.zeros_like(values), where=length > 0)
    totals = counts - unit @ np.add.reduceat(unit, np.cumsum(counts) - counts).T
    zero = length[:, 0] == 0  # a right angle to all, and no distance to itself
    totals[zero, np.repeat(np.arange(len(counts)), counts)[zero]] -= 1
    return _without_rounding(totals, counts)


def _without_rounding(totals: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Make nothing of totals that are a rounding error: rows that are equal are not apart."""
    return np.where(totals > 1e-13 * scale, totals, 0)


_TOTALS = {"euclidean": _euclidean, "sqeuclidean": _squared_euclidean, "cosine": _cosine}


@dataclass(frozen=True, repr=False)
class Clusterings:
    """Rows clustered for several numbers of clusters.

    Attributes
    ----------
    scores : DataFrame, index ``k``
        ``inertia``: sum of squared distances to the own cluster's centre, falls with k.
        ``silhouette``: mean over rows, higher is better. ``smallest``: rows of the smallest
        cluster.
    labels : DataFrame of shape (n, number of k), int
        The cluster of each row, a column for each k; 0 is the largest cluster.
    best_k : int
        Where the silhouette is highest.
    """

    scores: pd.DataFrame
    labels: pd.DataFrame
    best_k: int

    def __repr__(self) -> str:
        return f"Clusterings, best k {self.best_k}\n{self.scores.round(3).to_string()}"


def kmeans(
    vectors: Any,
    k: int | Iterable[int] = range(2, 11),
    *,
    n_rows: int = 10_000,
    random_state: Any = 0,
) -> Clusterings:
    """Cluster rows by k-means for several k, and judge each by inertia and silhouette.

    scikit-learn's `KMeans` with ten starts, on the vectors as they are: what is on a larger scale
    counts for more.

    Parameters
    ----------
    vectors : DataFrame or array of shape (n, d)
    k : int or iterable of int, default=range(2, 11)
        Numbers of clusters, from 2 to below the number of distinct rows.
    n_rows : int, default=10_000
        Of more rows a random sample of this size serves for the silhouette (Euclidean).
    random_state : int, RandomState or None, default=0
        Of the starts and the sample.

    Returns
    -------
    Clusterings

    Raises
    ------
    ValueError
        If a number is missing or there are fewer distinct rows than clusters.

    Examples
    --------
    >>> import numpy as np
    >>> from entivec import evaluate
    >>> centres = np.repeat([[0, 0], [9, 0], [0, 9]], 20, axis=0)
    >>> blobs = centres + np.random.default_rng(0).normal(size=(60, 2))
    >>> evaluate.kmeans(blobs, range(2, 6)).best_k
    3
    """
    from sklearn.cluster import KMeans

    values, index = read_vectors(vectors)
    distinct = len(np.unique(values, axis=0))
    wanted = _check_k(k, distinct)
    random = check_random_state(random_state)
    n_rows = check_count("n_rows", n_rows)
    seed = int(random.randint(np.iinfo(np.int32).max))
    sample = np.arange(len(values))
    if len(values) > n_rows:
        sample = np.sort(random.choice(len(values), n_rows, replace=False))
    scores, labels = {}, {}
    for clusters in wanted:
        fitted = KMeans(clusters, n_init=10, random_state=seed).fit(values)
        sizes = np.bincount(fitted.labels_, minlength=clusters)
        place = np.empty(clusters, int)
        place[np.argsort(-sizes, kind="stable")] = np.arange(clusters)
        labels[clusters] = own = place[fitted.labels_]
        several = len(np.unique(own[sample])) > 1
        apart = silhouette(values[sample], own[sample]).mean() if several else np.nan
        scores[clusters] = (fitted.inertia_, apart, sizes.min())
    columns = ["inertia", "silhouette", "smallest"]
    frame = pd.DataFrame.from_dict(scores, orient="index", columns=columns).rename_axis("k")
    found = pd.DataFrame(labels, index=index).rename_axis(columns="k")
    return Clusterings(frame, found, wanted[int(np.nanargmax(frame["silhouette"]))])


def _check_k(k: int | Iterable[int], distinct: int) -> list[int]:
    given = list(k) if isinstance(k, Iterable) else [k]
    wanted = [check_count("k", value) for value in given]
    wrong = [value for value in wanted if not 2 <= value < distinct]
    if wrong or not wanted:
        raise ValueError(
            f"k must be from 2 to {distinct - 1}, below the number of distinct rows, {distinct};"
            f" got {wrong[0] if wrong else list(wanted)!r}."
        )
    return wanted
