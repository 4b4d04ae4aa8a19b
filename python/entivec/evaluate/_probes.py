"""Models that a table or an embedding is judged by."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from entivec.base.frames import label_at, matched
from entivec.evaluate._features import Features
from entivec.evaluate._transfer import mean_auc
from entivec.table.guides import are_classes

MODELS = ("linear", "boosting")
FEW_ROWS = 10_000  # so few leave threads waiting for each other longer than they work


@dataclass(frozen=True)
class Outcome:
    """What is to be predicted.

    Attributes
    ----------
    labels : ndarray of shape (n,)
        Codes of classes, or numbers.
    is_class : bool
    """

    labels: np.ndarray
    is_class: bool

    @classmethod
    def of(cls, y: pd.Series[Any]) -> Outcome:
        """Read complete labels.

        Raises
        ------
        ValueError
            If they do not differ.
        """
        if y.nunique() < 2:
            only = f"all are {y.iloc[0]!r}" if len(y) else "there are none"
            raise ValueError(f"y must have labels that differ; {only}.")
        if are_classes(y):
            return cls(pd.factorize(y, sort=y.dtype != object)[0], True)
        return cls(y.to_numpy(np.float64), False)

    @property
    def metric(self) -> str:
        """What a prediction is scored by."""
        return "auc" if self.is_class else "r2"

    def rows(self, rows: np.ndarray) -> Outcome:
        """Return the outcomes of some rows."""
        return Outcome(self.labels[rows], self.is_class)


def labels_of(X: Any, y: Any) -> pd.Series[Any]:
    """Return one label per row of `X`, missing where `y` has none of its index.

    Raises
    ------
    ValueError
        If `y` has another length and no index to meet by, repeats a row, or has none of `X`.
    """
    if not (isinstance(y, pd.Series) and isinstance(X, pd.DataFrame) and y.index.is_unique):
        labels: pd.Series[Any] = matched("y", y, X)
        return labels
    if not X.index.isin(y.index).any():
        raise ValueError(
            f"no row of X, such as {label_at(X.index, 0)!r}, has a label; y is of"
            f" {label_at(y.index, 0)!r} and others: give both the same labels, or y.to_numpy()."
        )
    return y.reindex(X.index)


def check_models(models: Any) -> dict[str, Any]:
    """Return models by name, None for those of ours.

    Raises
    ------
    ValueError
        If one is unknown or no estimator.
    """
    if isinstance(models, str):
        models = [models]
    given = models if isinstance(models, Mapping) else dict.fromkeys(_listed(models))
    for name, model in given.items():
        if (model is None and name not in MODELS) or not (
            model is None or isinstance(model, BaseEstimator)
        ):
            raise ValueError(
                f"models must be names of {MODELS!r} or a dict of name to scikit-learn estimator;"
                f" got {name!r}" + ("." if model is None else f": {model!r}.")
            )
    if not given:
        raise ValueError("models is empty; name at least one of 'linear' and 'boosting'.")
    return dict(given)


def _listed(models: Any) -> list[Any]:
    return list(models) if isinstance(models, Iterable) else [models]


def predicted_score(
    name: str, model: Any, features: Features, train: Outcome, test: Outcome, seed: int
) -> float:
    """Fit on the training rows, score on the test rows: mean AUC of the classes, or R².

    Returns
    -------
    float
        NaN where the training or the test rows have one class.
    """
    from sklearn.metrics import r2_score
    from threadpoolctl import threadpool_limits

    if train.is_class and min(len(np.unique(part.labels)) for part in (train, test)) < 2:
        return float("nan")
    if model is None:
        model = (_linear if name == "linear" else _boosting)(features, train.is_class, seed)
    else:
        model = clone(model)
    limit = 1 if len(train.labels) < FEW_ROWS else None
    with warnings.catch_warnings(), threadpool_limits(limit, user_api="openmp"):
        warnings.simplefilter("ignore")  # of convergence: a score is a score
        model.fit(features.train, train.labels)
        if not train.is_class:
            return float(r2_score(test.labels, model.predict(features.test)))
        probability = np.zeros(
            (len(test.labels), int(max(train.labels.max(), test.labels.max())) + 1)
        )
        probability[:, model.classes_.astype(int)] = model.predict_proba(features.test)
        return mean_auc(probability, test.labels)


def _linear(features: Features, is_class: bool, seed: int) -> Any:
    """Numbers filled and standardised; levels as they are, as scaling blows up the rare ones."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    scaled = make_column_transformer((numbers, features.is_number), remainder="passthrough")
    return make_pipeline(scaled, LogisticRegression(max_iter=1000) if is_class else Ridge())


def _boosting(features: Features, is_class: bool, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if is_class else HistGradientBoostingRegressor
    return kind(categorical_features=features.is_category, random_state=seed)
