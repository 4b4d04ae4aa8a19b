"""Outliers: rows that an embedding cannot reproduce."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import OutlierMixin, clone
from sklearn.utils import Tags, get_tags
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from entivec.base import Saved, estimator, parameter
from entivec.base.nested import nest, unnest
from entivec.base.persistence import Arrays
from entivec.rows.autoencoder import AutoEncoder
from entivec.rows.base import RowAutoEncoder
from entivec.rows.reasons import cell_errors, reasons

if TYPE_CHECKING:
    from typing_extensions import Self


@estimator
class OutlierDetector(OutlierMixin, Saved):  # type: ignore[misc]
    """Flag the rows that an embedding reproduces worst, and say why.

    Any autoencoder over rows learns what rows usually look like; what it cannot reproduce, or under
    a `VAE` is improbable, is unusual. Tables are as everywhere: any dtypes, missing cells, levels
    never seen, which make a row more unusual.

    {parameters}

    Attributes
    ----------
    model_ : estimator over rows
        Fitted.
    offset_ : float
        Scores below are outliers.
    usual_error_ : Series
        Mean error of every column in training: what is nothing unusual.
    n_features_in_, feature_names_in_ : as of `model_`

    Notes
    -----
    The narrower the embedding, the more of a row must follow from the rest of it:
    ``OutlierDetector(AutoEncoder(2))`` flags combinations that a wide embedding would keep.

    Examples
    --------
    >>> import entivec
    >>> from entivec import datasets
    >>> customers = datasets.make_customers(400, random_state=0).customers.drop(columns="city")
    >>> customers.loc["C0000007", ["age", "tenure_months"]] = [19, 900]
    >>> detector = entivec.OutlierDetector(entivec.AutoEncoder(4, max_steps=100))
    >>> flags = detector.fit(customers).predict(customers)   # -1 for outliers, 1 for others
    >>> int((flags == -1).sum())
    20
    >>> why = detector.explain(customers)
    >>> why[(why["row"] == "C0000007") & (why["rank"] == 1)]["column"].item()
    'tenure_months'
    """

    model: RowAutoEncoder | None = parameter(
        default=None,
        allowed=[RowAutoEncoder, None],
        kind="estimator over rows or None",
        meaning="What learns the rows; None for ``AutoEncoder()``.",
        kw_only=False,
    )
    contamination: float = parameter(
        default=0.05,
        allowed=[Interval(Real, 0, 0.5, closed="right")],
        kind="float in (0, 0.5]",
        meaning="Share of the rows of `fit` that are flagged.",
    )

    _fitted = "model_"

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn what rows usually look like.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter, a column or a cell cannot be used; the message names it.
        """
        self._check_parameters()
        model: RowAutoEncoder = AutoEncoder() if self.model is None else clone(self.model)
        model.fit(X)
        scores = np.asarray(model.score_samples(X))
        offset = float(np.nanpercentile(scores, 100 * self.contamination))
        usual = cell_errors(model, X).mean().fillna(0.0)
        self.model_, self.offset_, self.usual_error_ = model, offset, pd.Series(usual)
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """Return how usual each row is: the lower, the more unusual.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)

        Returns
        -------
        ndarray of shape (n,)
            What `score_samples` of the model gives; NaN for a row with no cell observed.
        """
        check_is_fitted(self)
        return np.asarray(self.model_.score_samples(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """Return scores shifted so that outliers are below zero: ``score_samples(X) - offset_``."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """Return -1 for outliers and 1 for others.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)

        Returns
        -------
        ndarray of shape (n,), int
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def explain(self, X: Any, n: int = 3) -> pd.DataFrame:
        """Say of every flagged row which columns made it odd.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)
        n : int, default 3
            Reasons a row at most; fewer where a few say it all.

        Returns
        -------
        DataFrame, a row for each reason
            The most unusual rows first, of each the reasons by falling weight: ``row`` (its index
            label, or position), ``rank`` (from 1), ``column``, ``value``, ``expected``
            (what the model reconstructs), ``error`` and ``usual_error`` (the column's mean in
            training). Where value and expectation are equal, little in the row speaks for it.

        Raises
        ------
        ValueError
            If `n` is no positive whole number.
        """
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
            raise ValueError(f"n must be a whole number of at least 1, got {n!r}")
        apart = self.decision_function(X)
        flagged = np.flatnonzero(apart < 0)
        flagged = flagged[np.argsort(apart[flagged], kind="stable")]
        return reasons(self.model_, X, flagged, self.usual_error_, int(n))

    @property
    def n_features_in_(self) -> int:
        """Number of columns seen in `fit`."""
        check_is_fitted(self)
        return self.model_.n_features_in_

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns seen in `fit`; only defined for a DataFrame."""
        return self.__getattribute__("model_").feature_names_in_  # type: ignore[no-any-return]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(AutoEncoder() if self.model is None else self.model).input_tags
        return tags

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the fitted estimator, its parameters left out, as JSON and named arrays."""
        documents, arrays = nest({"model": self.model_})
        return {"nested": documents, "offset": self.offset_}, {
            **arrays,
            "usual_error": self.usual_error_.to_numpy(),
        }

    def _restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        self.model_ = unnest(document["nested"], arrays)["model"]
        self.offset_ = float(document["offset"])
        sources = self.model_.table_.layout_.sources
        self.usual_error_ = pd.Series(arrays["usual_error"], sources)
