"""Errors of rows and cells, and the score of a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from entivec.base.frames import is_frame
from entivec.base.source import is_source, scan
from entivec.rows.fitted import FittedRows
from entivec.rows.network import explained_variance
from entivec.rows.surprise import with_unseen
from entivec.rows.weights import row_weights


class Scored(FittedRows):
    """How well an embedding keeps its rows."""

    def summary(self) -> str:
        """Say what was fitted: the columns, the width and why, what was kept and how well.

        Returns
        -------
        str
            A few lines, to print.
        """
        check_is_fitted(self, "network_")
        sources = self.table_.layout_.sources
        lines = [f"{type(self).__name__}: {len(sources)} columns, {self.n_components_} components"]
        lines.append(f"width: {getattr(self, 'why_n_components_', 'as saved')}")
        if hasattr(self, "kept_"):
            own, pca = self.validation_score_, self.pca_validation_score_
            lines.append(f"kept: {self.kept_}")
            lines.append(f"explained variance {own:.3f}, PCA {pca:.3f}")
        return "\n".join(lines)

    def reconstruction_error(self, X: Any, per_column: bool = False) -> Any:
        """Reconstruction error of each row, or of each cell.

        The error of a continuous cell is its squared error in scaled units, that of a categorical
        cell its cross-entropy divided by the square root of the column's entropy (nats): what
        training minimises. A level that was not there in training costs what a level does that
        is in none of n rows, ln(n + 1) nats more. A row's error is the mean over its observed
        cells.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)
        per_column : bool, default False

        Returns
        -------
        Series or ndarray of shape (n,), or DataFrame or ndarray of shape (n, modelled columns)
            pandas objects with the index of `X` for a DataFrame, and its labels of columns.
            Missing cells are NaN; so is the error of a row with no observed cell.
        """
        blocks = self._blocks(X)
        errors = self.network_.errors(blocks, self._threads())
        unseen = self.table_.unseen(X, blocks)
        errors = with_unseen(self.table_.layout_, blocks, unseen, errors)
        if per_column and not is_frame(X):
            return errors
        if per_column:
            return pd.DataFrame(errors, index=X.index, columns=self.table_.source_names())
        observed = np.isfinite(errors)
        with np.errstate(invalid="ignore"):
            rows = np.where(observed, errors, 0).sum(axis=1) / observed.sum(axis=1)
        return pd.Series(rows, index=X.index, name="reconstruction_error") if is_frame(X) else rows

    def score_samples(self, X: Any) -> np.ndarray:
        """Negative reconstruction error of each row: the lower, the more unusual the row.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)

        Returns
        -------
        ndarray of shape (n,)
        """
        return -np.asarray(self.reconstruction_error(X))

    def score(self, X: Any, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Pooled explained variance over scaled numbers and one-hot levels, observed cells only.

        PCA's own criterion: 1 - sum of squared errors / sum of squared deviations from the
        training mean. 1 is perfect, 0 no better than the mean row. A cell that became *other*
        counts as not explained, and so does one that could not be read.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, columns)
        y : ignored
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        float
        """
        if is_source(X):
            return self._score_of_source(X, sample_weight)
        blocks = self._blocks(X)
        weights = row_weights(sample_weight, len(blocks.dense))
        _, explained = self.network_.score(
            self.network_.table(blocks),
            weights,
            self._threads(),
            unreadable=self.table_.count_unreadable(X),
        )
        return explained

    def _score_of_source(self, X: Any, sample_weight: Any) -> float:
        """The score of a table on disk, piece by piece."""
        if sample_weight is not None:
            raise ValueError("sample_weight is not taken with a table on disk; score parts of it")
        check_is_fitted(self, "network_")
        names = list(self.feature_names_in_)
        sums = np.zeros(2)
        for frame in scan(X).only(names):
            rows = frame[names]
            table = self.network_.table(self._blocks(rows))
            _, error, deviation = self.network_.squares(table, None, self._threads())
            lost = self.table_.count_unreadable(rows)
            sums += error.sum() + lost, deviation.sum() + lost
        return explained_variance(*sums.tolist())
