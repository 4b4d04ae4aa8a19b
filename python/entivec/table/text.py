"""The characters and words of texts as a few numbers, so that near texts are near.

Words and their runs of three characters are hashed, weighted by how rare they are (TF-IDF) and
reduced by a truncated SVD: latent semantic analysis of Deerwester et al. (1990) on the pieces that
fastText (Bojanowski et al. 2017) showed to carry rare words. Of free text, in which every run of
characters stands somewhere, words and pairs of words are taken instead. A model that the user names
may read the texts in their place; its vectors are reduced alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from .text_models import vectors_of_model

_HASHED = 4096  # columns that the pieces of words are hashed into
PIECES, WORDS = "pieces", "words"  # how texts are read; anything else names a model
_FREE_WORDS = 8  # from which many words on average a text is free
_FREE_SHARE = 0.5  # of the cells that are distinct, at least
_LOOKED_AT = 2000
_MOST_TEXTS = 20_000  # that the SVD is computed from
_PIECE = 3  # characters
_WORD = re.compile(r"\w+")
_ROWS = 1 << 14  # distances computed at a time, so that they stay small


@dataclass(frozen=True)
class TextFeatures:
    """Texts to numbers.

    Attributes
    ----------
    weight : ndarray of shape (p,), float32
        Inverse document frequency of every hashed piece; 1 for every number of a model.
    components : ndarray of shape (p, k), float32
        Right singular vectors, scaled to the variance that the numbers together shall have.
    mean : ndarray of shape (k,), float32
        Mean over the training cells.
    explained : float
        Share of the hashed pieces' variance that the numbers keep.
    reader : str
        "pieces", "words", or the name of a model.
    """

    weight: np.ndarray
    components: np.ndarray
    mean: np.ndarray
    explained: float
    reader: str = PIECES

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        counts: np.ndarray,
        width: int,
        variance: float = 1.0,
        reader: str = PIECES,
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
        reader : str
            "pieces", "words", or the name of a model.

        Returns
        -------
        TextFeatures, ndarray of shape (len(texts), k), float32
        """
        from sklearn.decomposition import TruncatedSVD

        read = _read(reader, texts)
        cells = np.asarray(counts, dtype=np.float64)
        weight = np.ones(read.shape[1], dtype=np.float32)
        if sparse.issparse(read):
            present = cells @ (read > 0)
            weight = (np.log((1 + cells.sum()) / (1 + present)) + 1).astype(np.float32)
        weighted = _normalised(read, weight)
        most = np.argsort(-cells, kind="stable")[:_MOST_TEXTS]
        rows = sparse.diags(np.sqrt(cells[most])) @ weighted[most]
        svd = TruncatedSVD(min(width, len(most) - 1, read.shape[1] - 1), random_state=0).fit(rows)
        components = svd.components_.T.astype(np.float32)
        numbers = weighted @ components
        mean = (cells @ numbers / cells.sum()).astype(np.float32)
        spread = float(np.sqrt(cells @ ((numbers - mean) ** 2) / cells.sum() @ np.ones(len(mean))))
        total = 1.0 - float(((cells @ weighted / cells.sum()) ** 2).sum())
        scale = np.float32(np.sqrt(variance) / max(spread, 1e-6))
        features = cls(
            weight,
            components * scale,
            mean * scale,
            min(spread**2 / max(total, 1e-9), 1.0),
            reader,
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
        numbers = _normalised(_read(self.reader, texts), self.weight) @ self.components - self.mean
        return np.asarray(numbers, dtype=np.float32)


def _pieces(text: str) -> Iterator[str]:
    """Words of a text, and their runs of three characters with the word's ends marked."""
    for word in _WORD.findall(text.casefold()):
        yield word
        ended = f"<{word}>"
        for start in range(len(ended) - _PIECE + 1):
            yield ended[start : start + _PIECE]


def _words(text: str) -> Iterator[str]:
    """Words of a text, and its pairs of words."""
    words = _WORD.findall(text.casefold())
    yield from words
    yield from map(" ".join, pairwise(words))


def is_free(texts: Sequence[str], counts: np.ndarray) -> bool:
    """Tell whether distinct texts that stand in `counts` cells are written freely.

    They are where at least half of the cells are distinct and hold eight words on average.
    """
    if len(texts) < _FREE_SHARE * counts.sum():
        return False
    some = texts[:: max(1, len(texts) // _LOOKED_AT)]
    return bool(np.mean([len(_WORD.findall(text)) for text in some]) >= _FREE_WORDS)


def _read(reader: str, texts: Sequence[str]) -> Any:
    """Return texts as rows: counts of hashed pieces, sparse, or the vectors of a model."""
    if reader not in (PIECES, WORDS):
        return vectors_of_model(reader, texts)
    from sklearn.feature_extraction.text import HashingVectorizer

    pieces = _pieces if reader == PIECES else _words
    hashing = HashingVectorizer(
        analyzer=pieces, n_features=_HASHED, alternate_sign=False, norm=None, dtype=np.float32
    )
    return sparse.csr_matrix(hashing.transform(texts))


def _normalised(pieces: Any, weight: np.ndarray) -> Any:
    from sklearn.preprocessing import normalize

    if not sparse.issparse(pieces):
        return normalize(pieces)
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
