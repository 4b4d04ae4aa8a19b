"""A column of text with more levels than have codes: what its texts look like, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from entivec.base.values import pack, unpack

from .blocks import OTHER
from .categorical import CategoricalColumn
from .cells import Cells, Name
from .parsing import Levels
from .restore import Form
from .text import PIECES, WORDS, TextFeatures, is_free, nearest

_OF_THE_REST = 0.1  # of the variance of what has no code: measured, see bench/raw.py
_MOST_KNOWN = 5000  # texts, the most frequent, of which the nearest is written back


@dataclass
class TextColumn:
    """The numbers that stand beside the codes of a column's frequent levels.

    Attributes
    ----------
    name : column name
    form : Form
        Dtype to write back.
    features : TextFeatures
    known : list of str
        The most frequent training texts.
    known_numbers : ndarray of shape (len(known), k), float32
    pooled : object
        What the column of codes writes for *other*.
    missing_share : float
        Share of missing cells in training.
    """

    kind: ClassVar[str] = "categorical"
    stored: ClassVar[str] = "text"
    block: ClassVar[str] = "dense"

    name: Name
    form: Form
    features: TextFeatures
    known: list[str]
    known_numbers: np.ndarray
    pooled: Any
    missing_share: float

    @classmethod
    def fit(
        cls,
        name: Name,
        form: Form,
        levels: Levels,
        coded: CategoricalColumn,
        width: int,
        model: str | None = None,
    ) -> tuple[TextColumn, np.ndarray]:
        """Return the fitted column and its encoded cells, float32 (n, k).

        The numbers have a tenth of the variance that the codes leave, the share of the cells in
        *other*: more of it would crowd out what frequent levels say, in codes of few numbers.
        """
        texts = [str(value) for value in levels.seen]
        share = _OF_THE_REST * float(coded.share[OTHER])
        reader = model or (WORDS if is_free(texts, levels.counts) else PIECES)
        features, numbers = TextFeatures.fit(texts, levels.counts, width, share, reader)
        most = np.argsort(-levels.counts, kind="stable")[:_MOST_KNOWN]
        missing = float((levels.positions < 0).mean())
        known = [texts[i] for i in most]
        column = cls(name, form, features, known, numbers[most], coded.pooled, missing)
        return column, _spread(numbers, levels.positions)

    @property
    def width(self) -> int:
        """Number of encoded columns."""
        return self.features.width

    @property
    def suffixes(self) -> list[str]:
        """What the encoded columns are called after the name of the column."""
        return [f" text {i}" for i in range(self.width)]

    def encode(self, cells: Cells, out: np.ndarray) -> None:
        """Write the cells into float32 `out` (n, k)."""
        levels = Levels.of(self.name, cells)
        texts = [str(value) for value in levels.seen]
        out[...] = _spread(self.features.transform(texts), levels.positions)

    def decode(self, encoded: np.ndarray) -> Cells:
        """Return the known texts nearest to `encoded` (n, k)."""
        return self.form.labels(nearest(np.nan_to_num(encoded), self.known_numbers), self.known)

    def merge(self, coded: Cells, encoded: np.ndarray) -> Cells:
        """Return what the codes say, and the nearest known text where they say *other*."""
        other = np.array([value == self.pooled for value in list(coded)], dtype=bool)
        if not other.any():
            return coded
        merged = np.array(list(coded), dtype=object)
        found = nearest(np.nan_to_num(encoded[other]), self.known_numbers)
        merged[other] = [self.known[i] for i in found]
        values = [None if value is None or value != value else value for value in merged]
        return self.form.labels(np.arange(len(values)), values)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the fitted column as JSON-able values and arrays."""
        document = {
            "form": self.form.state(),
            "known": self.known,
            "pooled": pack(self.pooled),
            "missing_share": self.missing_share,
            "explained": self.features.explained,
            "reader": self.features.reader,
        }
        arrays = {
            "weight": self.features.weight,
            "components": self.features.components,
            "mean": self.features.mean,
            "known_numbers": self.known_numbers,
        }
        return document, arrays

    @classmethod
    def from_state(
        cls, name: Name, document: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> TextColumn:
        """Rebuild the column that `state` described."""
        features = TextFeatures(
            arrays["weight"],
            arrays["components"],
            arrays["mean"],
            document["explained"],
            document.get("reader", PIECES),
        )
        return cls(
            name,
            Form.from_state(document["form"]),
            features,
            list(document["known"]),
            arrays["known_numbers"],
            unpack(document["pooled"]),
            document["missing_share"],
        )


def _spread(numbers: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Numbers of each cell from those of the distinct texts; NaN where missing."""
    missing = np.full((1, numbers.shape[1]), np.nan, dtype=np.float32)
    spread: np.ndarray = np.concatenate([numbers, missing]).astype(np.float32, copy=False)
    return np.asarray(spread[positions])
