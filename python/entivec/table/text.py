"""The characters and words of texts as a few numbers, so that near texts are near.

Words and their runs of three characters are hashed, weighted by how rare they are (TF-IDF) and
reduced by a truncated SVD: latent semantic analysis of Deerwester et al. (1990) on the pieces that
fastText (Bojanowski et al. 2017) showed to carry rare words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

_HASHED = 4096  # columns that the pieces of words are hashed into
_MOST_TEXTS = 20_000  # that the SVD is computed from
_PIECE = 3  # characters
_WORD = re.compile(r"\w+")
_ROWS = 1 << 14  # distances computed at a time, so that they stay small


@dataclass(frozen=True)
class TextFeatures:
    """Texts to numbers.

    Attributes
    ----------
    weight : ndarray of shape (4096,), float32
        Inverse document frequency of every hashed piece.
    components : ndarray of shape (4096, k), float32
        Right singular vectors, scaled to the variance that the numbers together shall have.
    mean : ndarray of shape (k,), float32
        Mean over the training cells.
    explained : float
        Share of the hashed pieces' variance that the numbers keep.
    """

    weight: np.ndarray
    components: np.ndarray
    mean: np.ndarray
    explained: float

    @classmethod
    def fit(
        cls, texts: Sequence[str], counts: np.ndarray, width: int, variance: float = 1.0
    ) -> tuple[TextFeatures, np.ndarray]:
        """Return the features of distinct texts that stand in `counts` cells, and their numbers.

        Parameters
        ----------
        texts : sequence of str
        counts : ndarray of shape (len(texts),)
        width : int
            Numbers wanted; fewer come where the texts do not have as many.
        variance : float
            Of the numbers together, over the training cells.

        Returns
        -------
        TextFeatures, ndarray of shape (len(texts), k), float32
        """
        from sklearn.decomposition import TruncatedSVD

        pieces = _hashed(texts)
        cells = np.asarray(counts, dtype=np.float64)
        present = cells @ (pieces > 0)
        weight = (np.log((1 + cells.sum()) / (1 + present)) + 1).astype(np.float32)
        weighted = _normalised(pieces, weight)
        most = np.argsort(-cells, kind="stable")[:_MOST_TEXTS]
        rows = sparse.diags(np.sqrt(cells[most])) @ weighted[most]
        svd = TruncatedSVD(min(width, len(most) - 1, _HASHED - 1), random_state=0).fit(rows)
        components = svd.components_.T.astype(np.float32)
        numbers = weighted @ components
        mean = (cells @ numbers / cells.sum()).astype(np.float32)
        spread = float(np.sqrt(cells @ ((numbers - mean) ** 2) / cells.sum() @ np.ones(len(mean))))
        total = 1.0 - float(((cells @ weighted / cells.sum()) ** 2).sum())
        scale = np.float32(np.sqrt(variance) / max(spread, 1e-6))
        features = cls(
            weight, components * scale, mean * scale, min(spread**2 / max(total, 1e-9), 1.0)
        )
        return features, (numbers - mean) * scale

    @property
    def width(self) -> int:
        """Numbers of a text."""
        return int(self.components.shape[1])

    def transform(self, texts: Sequence[str]) -> np.ndarray:
        """Return the numbers of texts, float32 (len(texts), k)."""
        if len(texts) == 0:
            return np.empty((0, self.width), np.float32)
        numbers = _normalised(_hashed(texts), self.weight) @ self.components - self.mean
        return np.asarray(numbers, dtype=np.float32)


def _pieces(text: str) -> Iterator[str]:
    """Words of a text, and their runs of three characters with the word's ends marked."""
    for word in _WORD.findall(text.casefold()):
        yield word
        ended = f"<{word}>"
        for start in range(len(ended) - _PIECE + 1):
            yield ended[start : start + _PIECE]


def _hashed(texts: Sequence[str]) -> sparse.csr_matrix:
    from sklearn.feature_extraction.text import HashingVectorizer

    hashing = HashingVectorizer(
        analyzer=_pieces, n_features=_HASHED, alternate_sign=False, norm=None, dtype=np.float32
    )
    return sparse.csr_matrix(hashing.transform(texts))


def _normalised(pieces: sparse.csr_matrix, weight: np.ndarray) -> sparse.csr_matrix:
    from sklearn.preprocessing import normalize

    weighted = sparse.csr_matrix(pieces, copy=True)
    weighted.data = np.sqrt(weighted.data) * weight[weighted.indices]
    return sparse.csr_matrix(normalize(weighted, copy=False))


def nearest(numbers: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the row of `known` (m, k) nearest to each row of `numbers` (n, k), shape (n,)."""
    squares = (known**2).sum(axis=1)
    step = max(1, _ROWS * 256 // max(len(known), 1))
    found = [
        np.argmin(squares - 2 * numbers[first : first + step] @ known.T, axis=1)
        for first in range(0, len(numbers), step)
    ]
    return np.concatenate(found) if found else np.empty(0, dtype=np.intp)
