"""What an embedding is good for: models on it, on the raw table, on PCA and on both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state

from entivec.base.frames import matched
from entivec.evaluate._encoder import check_count
from entivec.evaluate._features import Features, pca_features, raw_features
from entivec.evaluate._probes import Outcome, check_models, labels_of, predicted_score
from entivec.evaluate._reading import about

DRAWS = 5  # of few labelled rows in every fold
RAW, PCA, ALL = "raw", "PCA", "all"


@dataclass(frozen=True, repr=False)
class Downstream:
    """Scores fold by fold, their means, and differences with standard errors.

    Attributes
    ----------
    metric : {"auc", "r2"}
        "auc": area under the ROC curve, mean over the classes; "r2" for numbers.
    scores : DataFrame
        One row a fold: ``features``, ``model``, ``labels`` ("all" or how few), ``fold``,
        ``score``.
    summary : DataFrame
        Means over the folds: features by (model, labels).
    differences : DataFrame
        ``labels``, ``model``, ``features``, ``against``, ``difference``, ``standard_error``:
        differences of scores on the same folds, positive where `features` are better than those
        they stand against.
    """

    metric: str
    scores: pd.DataFrame
    summary: pd.DataFrame
    differences: pd.DataFrame

    def __repr__(self) -> str:
        differences = self.differences.round(4).to_string(index=False)
        return f"Downstream, {self.metric}\n{self.summary.round(4).to_string()}\n\n{differences}"


def downstream(
    X: Any,
    y: Any,
    embedders: Any,
    *,
    raw: Any = None,
    models: Any = ("linear", "boosting"),
    cv: Any = 5,
    few: int | None = 300,
    groups: Any = None,
    guided: bool = False,
    random_state: Any = 0,
) -> Downstream:
    """Predict an outcome from embeddings, from the raw table, from PCA, and from both together.

    Everything that is fitted, encoders and PCA included, is fitted on the training rows of a fold
    alone, so that no figure has seen a test row.

    Parameters
    ----------
    X : DataFrame or array of shape (n, p), or dict of name to DataFrame
        The entities. A dict, as `EntityEmbedder` takes it, is cut to the training entities by the
        embedder's ``entity`` column; frames without that column are given whole.
    y : Series or array of length n
        A class or a number of each entity; a Series is matched by index, and entities without a
        label are left out. Text, booleans and whole numbers of at most 20 values are classes.
    embedders : estimator, or dict of name to estimator
        With ``fit`` and ``transform``; they are cloned.
    raw : DataFrame or array, default=None
        What stands for the raw table, such as features made by hand; `X` unless it is a dict.
    models : sequence of {"linear", "boosting"}, or dict of name to scikit-learn estimator
        "linear": logistic or ridge regression on standardised numbers and one-hot levels;
        "boosting": histogram gradient boosting with categories. An estimator of your own gets the
        same matrix as "linear".
    cv : int or splitter of scikit-learn, default=5
        Folds: shuffled, and stratified by classes.
    few : int or None, default=300
        Labels of a second trial with few: embedders still see all training rows, models only these
        (mean of five draws in every fold). Left out where the folds are not larger.
    groups : Series or array of length n, default=None
        Rows of a group are never split between training and test.
    guided : bool, default=False
        Whether embedders are fitted with the labels of the training rows.
    random_state : int, RandomState or None, default=0
        Of folds, draws and models.

    Returns
    -------
    Downstream

    Raises
    ------
    ValueError
        If `y` does not fit `X` or does not differ, or a parameter cannot be used.

    Notes
    -----
    Folds share training rows, so the variance of a mean difference is taken as
    (1/k + test rows/training rows) times that of the folds [Nadeau & Bengio 2003]; 1/k alone is
    too confident. PCA is of the one-hot table, as wide as the embedding.

    Examples
    --------
    >>> import entivec
    >>> from entivec import evaluate
    >>> base = entivec.datasets.make_customers(400, random_state=0)
    >>> found = evaluate.downstream(
    ...     base.customers.drop(columns="city"),
    ...     base.factors["affluence"] > 0,
    ...     entivec.AutoEncoder(4, max_steps=50),
    ...     models="linear",
    ...     cv=2,
    ...     few=100,
    ... )
    >>> found.summary.index.tolist()
    ['raw', 'PCA', 'autoencoder', 'raw + autoencoder']
    >>> list(found.summary.columns)
    [('linear', 'all'), ('linear', '100')]
    """
    named = _check_embedders(embedders)
    chosen = check_models(models)
    few = None if few is None else check_count("few", few)
    random = check_random_state(random_state)
    entities, at = _labelled(X, y)
    raw = _beside("raw", raw, X, entities.y, at)
    if raw is None and isinstance(entities, _Rows):
        raw = entities.X
    outcome = Outcome.of(entities.y)
    folds = list(_folds(cv, outcome, _beside("groups", groups, X, entities.y, at), random))
    seed = int(random.randint(np.iinfo(np.int32).max // 2))
    records, widths = [], []
    for number, (train, test) in enumerate(folds):
        fold = _Fold(train, test, seed)
        draws = _draws(outcome.rows(train), few, seed + number)
        for name, features in fold.of(entities, raw, named, guided):
            for (model, probe), (labels, rows) in product(chosen.items(), draws.items()):
                own, unseen = features(model), outcome.rows(test)
                found = [
                    predicted_score(
                        model, probe, own.some(row), outcome.rows(train[row]), unseen, seed
                    )
                    for row in rows
                ]
                records.append((name, model, labels, number, float(np.mean(found))))
        widths.append(fold.widths)
    scores = pd.DataFrame(records, columns=["features", "model", "labels", "fold", "score"])
    scores, pca_of = _with_pca_named(scores, pd.DataFrame(widths))
    share = float(np.mean([len(test) / len(train) for train, test in folds]))
    return Downstream(outcome.metric, scores, _summary(scores), _differences(scores, pca_of, share))


def _check_embedders(embedders: Any) -> dict[str, Any]:
    named = (
        {str(name): one for name, one in embedders.items()}
        if isinstance(embedders, Mapping)
        else {type(embedders).__name__.lower(): embedders}
    )
    if not named:
        raise ValueError("embedders is empty; give at least one estimator.")
    for name, one in named.items():
        if not isinstance(one, BaseEstimator) or not hasattr(one, "transform"):
            raise ValueError(
                f"embedders must be an estimator with fit and transform, or a dict of name to"
                f" estimator; got {one!r}" + (f" for {name!r}." if len(named) > 1 else ".")
            )
        if name in (RAW, PCA):
            raise ValueError(f"embedders: {name!r} is a name of ours; choose another.")
    return named


@dataclass(frozen=True)
class _Rows:
    """A table, one row an entity; `X` and `y` have the same rows."""

    X: Any
    y: pd.Series[Any]

    def cut(self, rows: np.ndarray, embedder: Any) -> Any:
        """What an embedder gets of some rows."""
        return _taken(self.X, rows)

    def codes(self, embedder: Any, rows: np.ndarray) -> np.ndarray:
        """Embeddings of some rows."""
        return np.asarray(embedder.transform(self.cut(rows, embedder)), dtype=np.float64)


@dataclass(frozen=True)
class _Frames:
    """Frames that share an identifier; `y` has every entity once."""

    X: Mapping[Any, pd.DataFrame]
    y: pd.Series[Any]

    def cut(self, rows: np.ndarray, embedder: Any) -> Any:
        """What an embedder gets of some entities."""
        ids, entity = self.y.index[rows], embedder.entity
        return {
            name: frame[frame[entity].isin(ids)] if entity in frame else frame
            for name, frame in self.X.items()
        }

    def codes(self, embedder: Any, rows: np.ndarray) -> np.ndarray:
        """Embeddings of some entities; NaN where one is in no frame."""
        found = embedder.transform(self.cut(rows, embedder))
        return np.asarray(found.reindex(self.y.index[rows]), dtype=np.float64)


def _labelled(X: Any, y: Any) -> tuple[_Rows | _Frames, np.ndarray]:
    """Return the entities that have labels, and their places among all."""
    if isinstance(X, Mapping):
        if not isinstance(y, pd.Series) or not y.index.is_unique:
            raise ValueError(
                "y must be a Series with every identifier once, as X is a dict of frames."
            )
        return _Frames(X, y.dropna()), np.flatnonzero(y.notna())
    labels = labels_of(X, y)
    at = np.flatnonzero(labels.notna())
    return _Rows(_taken(X, at), labels.iloc[at]), at


def _beside(name: str, values: Any, X: Any, y: pd.Series[Any], at: np.ndarray) -> Any:
    """Bring what else is given of the entities to those that have labels."""
    if values is None:
        return None
    if isinstance(X, Mapping):
        return matched(name, values, y.to_frame())
    return _taken(matched(name, values, X), at)


def _taken(X: Any, rows: np.ndarray) -> Any:
    if isinstance(X, (pd.DataFrame, pd.Series)):
        return X.iloc[rows]
    return X[rows] if hasattr(X, "shape") else [X[row] for row in rows]


def _folds(
    cv: Any, outcome: Outcome, groups: Any, random: np.random.RandomState
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    rows = np.arange(len(outcome.labels))
    if hasattr(cv, "split"):
        return iter(cv.split(rows, outcome.labels, groups))
    k = check_count("cv", cv)
    if k < 2:
        raise ValueError(f"cv must be at least 2 folds or a splitter, got {cv!r}.")
    if outcome.is_class:
        fewest = int(np.bincount(outcome.labels).min())
        if fewest < k:
            raise ValueError(
                f"a class of y has {fewest} row(s), fewer than the {k} folds; give a smaller cv or"
                " leave out classes so rare."
            )
    kinds = {
        (True, False): StratifiedKFold,
        (True, True): StratifiedGroupKFold,
        (False, False): KFold,
        (False, True): GroupKFold,
    }
    splitter = kinds[outcome.is_class, groups is not None](k, shuffle=True, random_state=random)
    return iter(splitter.split(rows, outcome.labels, groups))


def _draws(train: Outcome, few: int | None, seed: int) -> dict[str, list[np.ndarray]]:
    """Rows that models see: all, and some draws of few."""
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(train.labels))
    draws = {ALL: [rows]}
    if few is not None and few < len(rows):
        by_class = train.labels if train.is_class and _divisible(train.labels, few) else None
        draws[str(few)] = [
            train_test_split(rows, train_size=few, stratify=by_class, random_state=seed + draw)[0]
            for draw in range(DRAWS)
        ]
    return draws


def _divisible(classes: np.ndarray, few: int) -> bool:
    """Tell whether every class can be among the few and among the others."""
    counts = np.unique(classes, return_counts=True)[1]
    return bool(counts.min() > 1) and len(counts) <= min(few, len(classes) - few)


@dataclass
class _Fold:
    """The features of one fold, by name and by kind of model; PCA by its width."""

    train: np.ndarray
    test: np.ndarray
    seed: int
    widths: dict[str, int] = field(default_factory=dict)  # of every embedder, left by `of`

    def of(
        self, entities: _Rows | _Frames, raw: Any, named: Mapping[str, Any], guided: bool
    ) -> Iterator[tuple[Any, Callable[[str], Features]]]:
        """Yield features one after the other, each fitted on the training rows."""
        tables = None
        if raw is not None:
            with about("raw"):
                tables = raw_features(_taken(raw, self.train), _taken(raw, self.test))
            yield RAW, self._for_model(*tables)
        for name, embedder in named.items():
            own = self._embedded(entities, embedder, guided)
            width = own.train.shape[1]
            if tables is not None and width not in self.widths.values():
                pca = pca_features(tables[0], width, self.seed)
                yield width, self._for_model(pca, pca)
            self.widths[name] = width
            yield name, self._for_model(own, own)
            if tables is not None:
                yield f"{RAW} + {name}", self._for_model(*(table.beside(own) for table in tables))

    def _embedded(self, entities: _Rows | _Frames, embedder: Any, guided: bool) -> Features:
        labels = (entities.y.iloc[self.train],) if guided else ()
        model = clone(embedder).fit(entities.cut(self.train, embedder), *labels)
        codes = (entities.codes(model, rows) for rows in (self.train, self.test))
        return Features.of_vectors(*codes)

    @staticmethod
    def _for_model(hot: Features, coded: Features) -> Callable[[str], Features]:
        return lambda model: coded if model == "boosting" else hot


def _with_pca_named(
    scores: pd.DataFrame, widths: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Put before every embedder the PCA of its widths, once for all of the same, and name it.

    Parameters
    ----------
    scores : DataFrame
        PCA is called by its width there.
    widths : DataFrame of shape (folds, embedders)

    Returns
    -------
    scores, and the name of PCA by embedder
    """
    parts, found, pca_of = [scores[scores["features"] == RAW]], {}, {}
    several = len(widths.T.drop_duplicates()) > 1
    for name, own in widths.items():
        key = tuple(own)
        if key not in found:
            found[key] = f"{PCA} as wide as {name}" if several else PCA
            pca = scores[scores["features"] == scores["fold"].map(own)]
            parts.append(pca.assign(features=found[key]))
        pca_of[str(name)] = found[key]
        parts.append(scores[scores["features"].isin([name, f"{RAW} + {name}"])])
    return pd.concat(parts, ignore_index=True), pca_of


def _summary(scores: pd.DataFrame) -> pd.DataFrame:
    order = scores["features"].unique()
    columns = list(scores[["model", "labels"]].drop_duplicates().itertuples(index=False, name=None))
    table = scores.pivot_table("score", "features", ["model", "labels"], dropna=False)
    return table.loc[order, columns].rename_axis(index="")


def _differences(scores: pd.DataFrame, pca_of: Mapping[str, str], share: float) -> pd.DataFrame:
    """Differences of pairs of features, fold by fold."""
    by_fold = scores.pivot_table("score", "fold", ["labels", "model", "features"], dropna=False)
    has = set(scores["features"])
    pairs = []
    for name, pca in pca_of.items():
        pairs += [(name, pca), (name, RAW), (f"{RAW} + {name}", RAW)]
    first = next(iter(pca_of))
    pairs += [(name, first) for name in pca_of if name != first]
    records = []
    for labels, model in scores[["labels", "model"]].drop_duplicates().itertuples(index=False):
        for one, other in pairs:
            if {one, other} <= has:
                apart = by_fold[labels, model, one] - by_fold[labels, model, other]
                error = np.sqrt(apart.var(ddof=1) * (1 / apart.count() + share))
                records.append((labels, model, one, other, apart.mean(), error))
    columns = ["labels", "model", "features", "against", "difference", "standard_error"]
    return pd.DataFrame(records, columns=columns)
