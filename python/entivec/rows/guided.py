"""Estimators that targets can guide: their weights, and predictions afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _num_samples

from entivec.base import estimator, parameter
from entivec.base.frames import is_frame
from entivec.rows.fitted import FittedRows
from entivec.table import Blocks
from entivec.table.guides import Guide, check_guide_weight, fit_guide, is_guided


@estimator
class Guided(FittedRows):
    """What `fit(X, y)` does with `y`, and `predict`."""

    guide_weight: float | Mapping[Any, float] = parameter(
        default=1.0,
        allowed=[Real, Mapping],
        kind="float or mapping of target to float",
        meaning="""
        Weight of each target's loss where `fit` is given `y`, beside the reconstruction's mean
        over the columns; 0 ignores `y`.""",
    )

    @available_if(lambda self: self._has_guide())  # type: ignore[untyped-decorator]
    def predict(self, X: Any) -> Any:
        """Predict the targets from the embedding, by the head that guided it.

        Only after a fit with `y`.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)

        Returns
        -------
        Series, DataFrame or ndarray
            As `y` was; pandas objects with the index of `X` where it has one.
        """
        guide, predictions, index = self._guess(X)
        return guide.predict(predictions, index)

    @available_if(lambda self: self._has_guide())  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the classes of every target that has classes.

        Only after a fit with `y`.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)

        Returns
        -------
        DataFrame of shape (n, classes), or dict of target name to such DataFrames
            Columns are the classes, sorted; a dict where `y` has several targets with classes.

        Raises
        ------
        AttributeError
            If no target has classes.
        """
        guide, predictions, index = self._guess(X)
        return guide.predict_proba(predictions, index)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_guide_weight(self.guide_weight)

    def _has_guide(self) -> bool:
        if hasattr(self, "network_") and self.network_.guide is None:
            raise AttributeError(
                f"This {type(self).__name__} was fitted without targets; fit(X, y) to predict."
            )
        return hasattr(self, "network_")

    def _guess(self, X: Any) -> tuple[Guide, np.ndarray, pd.Index | None]:
        predictions = self.network_.guess(self._blocks(X), self._threads())
        guide = self.network_.guide
        assert guide is not None  # what makes predict available
        return guide, predictions, X.index if is_frame(X) else None

    def _guide(self, y: Any, rows: int, resume: bool) -> tuple[Guide, Blocks] | None:
        """The targets' codec and values; None where nothing guides."""
        if not is_guided(y, self.guide_weight):
            return None
        given_rows = _num_samples(y)
        if given_rows != rows:
            raise ValueError(
                f"y has {given_rows} rows and X has {rows}; give one row of targets for each row"
                " of X."
            )
        if not resume:
            return fit_guide(y, self.guide_weight)
        guide = self._resumable[0].guide
        if guide is None:
            raise ValueError(
                "Training began without targets and can only go on without them; fit anew with"
                " warm_start=False to be guided by y."
            )
        return guide, guide.encode(y)
