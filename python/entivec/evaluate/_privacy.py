"""What a model tells of the rows it was trained on, that it would not tell of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from entivec.base.frames import is_frame, label_at
from entivec.evaluate._encoder import check_count, check_model, encoded
from entivec.evaluate._reading import about

FEWEST = 10


@dataclass(frozen=True, repr=False)
class Privacy:
    """Scores, and the distances behind them.

    Attributes
    ----------
    scores : Series
        ``embedding_auc``: membership inference from the reconstruction error (or likelihood).
        ``sample_auc``: membership inference from the distance to the closest sample.
        ``nearer_to_train``: share of the samples whose closest record is a training row, of equally
        many training and held-out rows. For all three 0.5 says that nothing leaks.
        ``distance_to_train``, ``distance_to_holdout``: medians over the samples of the distance to
        the closest record. ``relinked_train``, ``relinked_holdout``: share of the rows whose
        reconstruction from the embedding is closer to them than to any other row of their part.
        Those of samples are NaN where there are none.
    chance_error : float
        Standard error of an area under the curve where nothing leaks.
    distances : DataFrame, a row a sample
        ``to_train`` and ``to_holdout``.
    """

    scores: pd.Series[float]
    chance_error: float
    distances: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"Privacy, 0.5 ± {self.chance_error:.3f} by chance\n{self.scores.round(3).to_string()}"
        )


def privacy(
    model: Any,
    train: Any,
    holdout: Any,
    *,
    sample: Any = None,
    n_rows: int = 2000,
    random_state: Any = 0,
) -> Privacy:
    """Attack a model, to see whether it tells which rows it was trained on.

    Of embeddings: a row that the model has seen may be reconstructed better than a fresh one
    (Yeom et al. 2018). Of samples: they may lie closer to the training rows than to fresh ones
    (distance to the closest record; Chen et al. 2020). Both need held-out rows to compare with.

    Parameters
    ----------
    model : fitted estimator over rows
    train : DataFrame or array of shape (n, p)
        Rows the model was fitted on.
    holdout : DataFrame or array of shape (m, p)
        Rows of the same kind that it has not seen.
    sample : DataFrame or array, default=None
        Synthetic rows; by default as many as are compared, from ``model.sample``, where the model
        has it.
    n_rows : int, default=2000
        Of more rows of either kind a random sample of this size is used; as many of both.
    random_state : int, RandomState or None, default=0
        Of the rows and samples drawn.

    Returns
    -------
    Privacy

    Raises
    ------
    TypeError
        If `model` is not an estimator over rows.
    NotFittedError
        If it is not fitted.
    ValueError
        If there are fewer than ten rows of a kind, a table has not the columns of the model, or a
        row is in both, by its index label.

    Notes
    -----
    Distances are Euclidean between encoded rows: numbers in scaled units, categories that differ
    one apart. Areas near 0.5 say that these attacks fail, not that all do. ``relinked`` is not
    about training: it says how far a row can be recognised from its embedding and the model. A
    level that a single training row has is known to the model and gives the row away: keep such
    columns out, or raise ``TableEncoder(min_share=)``.

    Examples
    --------
    >>> import entivec
    >>> from entivec import evaluate
    >>> rows = entivec.datasets.make_customers(600, random_state=0).customers.drop(columns="city")
    >>> train, holdout = rows[:300], rows[300:]
    >>> model = entivec.AutoEncoder(4, max_steps=50).fit(train)
    >>> copied = evaluate.privacy(model, train, holdout, sample=train)
    >>> copied.scores[["sample_auc", "nearer_to_train", "distance_to_train"]].tolist()
    [1.0, 1.0, 0.0]
    >>> fresh = entivec.datasets.make_customers(300, random_state=1).customers.drop(columns="city")
    >>> found = evaluate.privacy(model, train, holdout, sample=fresh)
    >>> bool(abs(found.scores["sample_auc"] - 0.5) < 4 * found.chance_error)
    True
    """
    from sklearn.metrics import roc_auc_score

    check_model(model)
    n_rows = check_count("n_rows", n_rows)
    random = check_random_state(random_state)
    _check_apart(train, holdout)
    size = min(n_rows, *(np.shape(part)[0] for part in (train, holdout)))
    if size < FEWEST:
        raise ValueError(
            f"train has {np.shape(train)[0]} row(s) and holdout {np.shape(holdout)[0]}; at least"
            f" {FEWEST} of each are needed."
        )
    rows = {
        name: _drawn(part, size, random) for name, part in (("train", train), ("holdout", holdout))
    }
    is_member = np.repeat([1, 0], size)
    scores: dict[str, float] = {}
    places, usual = {}, []
    for name, part in rows.items():
        with about(name):
            usual.append(np.asarray(model.score_samples(part)))
            places[name] = _place(model, part)
    scores["embedding_auc"] = float(roc_auc_score(is_member, _complete(np.concatenate(usual))))
    if sample is None and hasattr(model, "sample"):
        sample = model.sample(size, random_state=random.randint(np.iinfo(np.int32).max))
    distances = pd.DataFrame({"to_train": [], "to_holdout": []}, dtype=np.float64)
    names = ("sample_auc", "nearer_to_train", "distance_to_train", "distance_to_holdout")
    scores |= dict.fromkeys(names, float("nan"))
    if sample is not None:
        with about("sample"):
            made = _place(model, _drawn(sample, n_rows, random))
        apart = np.concatenate([_to_closest(place, made) for place in places.values()])
        scores["sample_auc"] = float(roc_auc_score(is_member, -apart))
        distances = pd.DataFrame({f"to_{name}": _to_closest(made, p) for name, p in places.items()})
        nearer = np.sign(distances["to_holdout"] - distances["to_train"])
        scores["nearer_to_train"] = float((1 + nearer.mean()) / 2)
        for name in places:
            scores[f"distance_to_{name}"] = float(distances[f"to_{name}"].median())
    for name, part in rows.items():
        scores[f"relinked_{name}"] = _relinked(_place(model, model.reconstruct(part)), places[name])
    error = float(np.sqrt((2 * size + 1) / (12 * size * size)))
    return Privacy(pd.Series(scores, name="score"), error, distances)


def _check_apart(train: Any, holdout: Any) -> None:
    if not (is_frame(train) and is_frame(holdout)):
        return
    anew = [isinstance(X.index, pd.RangeIndex) and X.index.start == 0 for X in (train, holdout)]
    if all(anew):  # labels that say nothing
        return
    both = train.index.intersection(holdout.index)
    if len(both):
        raise ValueError(
            f"row {label_at(both, 0)!r} is in train and in holdout; holdout must be rows that"
            " the model has not seen."
        )


def _drawn(rows: Any, most: int, random: np.random.RandomState) -> Any:
    rows = rows if hasattr(rows, "shape") else np.asarray(rows)
    if rows.shape[0] <= most:
        return rows
    chosen = np.sort(random.choice(rows.shape[0], most, replace=False))
    return rows.iloc[chosen] if is_frame(rows) else rows[chosen]


def _place(model: Any, rows: Any) -> np.ndarray:
    """Rows as points: categories that differ are one apart."""
    layout = model.table_.layout_
    x, _ = encoded(layout, model.table_.transform(rows))
    points = x.astype(np.float64)
    first = len(layout.dense_source) + int(layout.dense_gap.sum())
    points[:, first : first + int(layout.levels.sum())] /= np.sqrt(2)
    return points


def _to_closest(points: np.ndarray, records: np.ndarray) -> np.ndarray:
    from sklearn.metrics import pairwise_distances_argmin_min

    # From differences, not from products: a copy is at distance 0.
    closest = pairwise_distances_argmin_min(points, records)[0]
    return np.asarray(np.linalg.norm(points - records[closest], axis=1))


def _relinked(points: np.ndarray, records: np.ndarray) -> float:
    """Share of the points whose own record is as near as any."""
    own = np.linalg.norm(points - records, axis=1)
    return float((own <= _to_closest(points, records) * (1 + 1e-9)).mean())


def _complete(scores: np.ndarray) -> np.ndarray:
    """Put rows without any cell in the middle."""
    return np.where(np.isfinite(scores), scores, np.nanmedian(scores))
