"""A table and an embedding as models of scikit-learn take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from entivec.evaluate._encoder import encoded
from entivec.table import TableEncoder

MOST_CATEGORIES = 255  # of a column, for scikit-learn's boosting; of more the codes are numbers


@dataclass(frozen=True)
class Features:
    """Columns that predict.

    Attributes
    ----------
    train, test : ndarray of shape (n, p), float64
    is_number : ndarray of shape (p,), bool
        What a linear model sees scaled.
    is_category : ndarray of shape (p,), bool
        Codes that boosting sees as categories.
    """

    train: np.ndarray
    test: np.ndarray
    is_number: np.ndarray
    is_category: np.ndarray

    @classmethod
    def of_vectors(cls, train: Any, test: Any) -> Features:
        """Take the numbers of an embedding."""
        train, test = (np.asarray(part, dtype=np.float64) for part in (train, test))
        number = np.ones(train.shape[1], bool)
        return cls(train, test, number, ~number)

    def some(self, rows: np.ndarray) -> Features:
        """Return the same with some training rows."""
        return Features(self.train[rows], self.test, self.is_number, self.is_category)

    def beside(self, other: Features) -> Features:
        """Put the columns of both side by side."""
        return Features(
            *(
                np.concatenate([getattr(self, name), getattr(other, name)], axis=-1)
                for name in ("train", "test", "is_number", "is_category")
            )
        )


def raw_features(train: Any, test: Any) -> tuple[Features, Features]:
    """Return a table for linear models, its levels one-hot, and for trees, its levels as codes.

    Both read by a `TableEncoder` of the training rows.
    """
    encoder = TableEncoder().fit(train)
    layout = encoder.layout_
    blocks = encoder.transform(train), encoder.transform(test)
    hot = [encoded(layout, part)[0].astype(np.float64) for part in blocks]
    dense = blocks[0].dense.shape[1]
    number = np.arange(hot[0].shape[1]) < dense
    of_bag = hot[0].shape[1] - layout.bag_width
    coded = [
        np.hstack([part.dense, part.codes, x[:, of_bag:]]).astype(np.float64)
        for part, x in zip(blocks, hot, strict=True)
    ]
    category = np.zeros(coded[0].shape[1], bool)
    category[dense : dense + len(layout.levels)] = layout.levels <= MOST_CATEGORIES
    return (
        Features(hot[0], hot[1], number, np.zeros_like(number)),
        Features(coded[0], coded[1], ~category, category),
    )


def pca_features(hot: Features, width: int, seed: int) -> Features:
    """Return the principal components of a table, fitted on its training rows."""
    from sklearn.decomposition import PCA

    pca = PCA(min(width, *hot.train.shape), random_state=seed).fit(hot.train)
    return Features.of_vectors(pca.transform(hot.train), pca.transform(hot.test))
