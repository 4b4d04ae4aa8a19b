"""What a report is about: a fitted model, its rows, and what several sections take from both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from entivec.base.frames import aligned_with
from entivec.entity import EntityEmbedder
from entivec.entity.frames import read_frames
from entivec.reporting.html import Markup
from entivec.rows.base import RowAutoEncoder


class Section(NamedTuple):
    """A part of the page.

    Attributes
    ----------
    name : str
        Its anchor.
    title : str
        A few words.
    lead : str
        What it says, and how it is measured; text or HTML.
    body : Markup
    data : dict of str to object
        Islands of JSON that its script reads, by their ids.
    """

    name: str
    title: str
    lead: str
    body: Markup
    data: dict[str, Any] = {}  # noqa: RUF012


@dataclass
class Subject:
    """A fitted estimator over rows and the rows it is judged by.

    Attributes
    ----------
    model : fitted estimator
    given : DataFrame, array or sparse matrix of shape (n, columns)
        The rows as the model takes them.
    frame : DataFrame of shape (n, columns)
        The same rows to be shown.
    labels : DataFrame of shape (n, labels)
        What the model has not seen; of no columns where there are none.
    seed : int
        Of everything that the report draws at random.
    whole : estimator
        What the report was asked of: `model`, or the EntityEmbedder that it is part of.
    tables : dict of name to DataFrame
        What was handed over: X, or the frames of an EntityEmbedder.
    """

    model: Any
    given: Any
    frame: pd.DataFrame
    labels: pd.DataFrame
    seed: int
    whole: Any
    tables: dict[str, pd.DataFrame]

    @cached_property
    def embedding(self) -> pd.DataFrame:
        """Codes of the rows, (n, d)."""
        codes = self.model.transform(self.given)
        names = [str(name) for name in self.model.get_feature_names_out()]
        return pd.DataFrame(np.asarray(codes, np.float32), index=self.frame.index, columns=names)

    @cached_property
    def cell_errors(self) -> pd.DataFrame:
        """Reconstruction errors, (n, modelled columns)."""
        errors = self.model.reconstruction_error(self.given, per_column=True)
        sources = self.model.table_.layout_.sources
        return pd.DataFrame(np.asarray(errors), index=self.frame.index, columns=list(sources))

    @cached_property
    def row_errors(self) -> pd.Series[float]:
        """Mean error of every row's observed cells, (n,)."""
        errors = self.cell_errors.mean(axis=1)
        return errors.rename("reconstruction error")

    @cached_property
    def schema(self) -> pd.DataFrame:
        """What became of the columns."""
        schema: pd.DataFrame = self.model.table_.schema_
        return schema

    @property
    def sources(self) -> pd.DataFrame | None:
        """What an EntityEmbedder made of its frames; None of a table."""
        return None if self.whole is self.model else self.whole.sources_

    def sample(self, most: int, among: np.ndarray | None = None) -> np.ndarray:
        """Positions of at most `most` random rows, in their order; of those in `among` if given."""
        rows = np.arange(len(self.frame)) if among is None else np.flatnonzero(among)
        if len(rows) <= most:
            return rows
        return np.sort(np.random.default_rng(self.seed).choice(rows, most, replace=False))


def read_subject(model: Any, X: Any, y: Any, seed: int) -> Subject:
    """Check what a report is asked of.

    Raises
    ------
    TypeError
        If the model is no fitted estimator over rows and no EntityEmbedder.
    ValueError
        If `y` does not fit the rows.
    """
    _check_model(model)
    if isinstance(model, EntityEmbedder):
        return _of_entities(model, X, y, seed)
    if isinstance(X, pd.DataFrame):
        frame = X
    elif sparse.issparse(X):
        frame = pd.DataFrame.sparse.from_spmatrix(X)  # type: ignore[attr-defined]
    else:
        frame = pd.DataFrame(np.asarray(X))
    return Subject(model, X, frame, _labels(X, y, frame), seed, model, {"X": frame})


def _of_entities(model: EntityEmbedder, X: Any, y: Any, seed: int) -> Subject:
    joined = model.join(X).set_axis(list(model.columns_.index), axis=1)
    if y is not None:
        if not isinstance(y, (pd.Series, pd.DataFrame)):
            raise ValueError(
                f"y is a {type(y).__name__}; give a Series or DataFrame indexed by"
                f" {model.entity!r}, as rows meet by identifier."
            )
        if not y.index.isin(joined.index).any():
            raise ValueError(f"no {model.entity!r} of y, such as {y.index[0]!r}, is in the frames.")
        y = y.reindex(joined.index)
    labels = _labels(joined, y, joined)
    return Subject(model.model_, joined, joined, labels, seed, model, dict(read_frames(X)))


def _check_model(model: Any) -> None:
    if not isinstance(model, (RowAutoEncoder, EntityEmbedder)):
        what = model.__name__ if isinstance(model, type) else f"a {type(model).__name__}"
        raise TypeError(
            "model must be a fitted estimator over rows, such as AutoEncoder(), or an"
            f" EntityEmbedder, got {what}. Vectors of other families are tables: fit one on them."
        )
    check_is_fitted(model)


def _labels(X: Any, y: Any, frame: pd.DataFrame) -> pd.DataFrame:
    if y is None:
        return frame.iloc[:, :0]
    if not isinstance(y, (pd.Series, pd.DataFrame)):
        y = np.asarray(y)
        y = pd.Series(y) if y.ndim == 1 else pd.DataFrame(y)
    y = aligned_with(X, y)
    labels = y.to_frame("label" if y.name is None else y.name) if isinstance(y, pd.Series) else y
    if len(labels) != len(frame):
        raise ValueError(
            f"y must have one row per row of X: expected {len(frame)}, got {len(labels)}."
        )
    both = [name for name in labels.columns if name in frame.columns]
    if both:
        raise ValueError(
            f"{both[0]!r} is a column of X and of y; leave it out of X, where the model must not"
            " see it."
        )
    return labels.set_axis(frame.index)
