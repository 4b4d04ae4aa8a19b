"""Cells that hold several values: searches as words and pairs of words, lists, separated text."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from entivec.base.values import pack, unpack
from entivec.events.keys import factorize
from entivec.events.reading import open_log
from entivec.table.cells import Name

_WORD = re.compile(r"\w+")
MOST_WORDS = 50_000


@dataclass
class Words:
    """The words (and pairs of neighbouring words) of a column of text, the most frequent first.

    Attributes
    ----------
    name : column name
    known : dict of str to int
    separator : str or None
        What parts the values of a cell, where these are no words but as they are written.
    """

    name: Name
    known: dict[str, int]
    separator: str | None = None

    @classmethod
    def fit(
        cls,
        name: Name,
        events: Any,
        rows: np.ndarray,
        min_count: int,
        separator: str | None = None,
    ) -> Words:
        """Learn the words that at least `min_count` of the events `rows` have."""
        texts, positions = _texts(name, events)
        times = np.bincount(positions[rows][positions[rows] >= 0], minlength=len(texts))
        counts: Counter[str] = Counter()
        for text, count in zip(texts, times.tolist(), strict=True):
            for word in dict.fromkeys(_split(text, separator)):
                counts[word] += count
        kept = [word for word, count in counts.items() if count >= max(min_count, 1)]
        kept = sorted(kept, key=lambda word: (-counts[word], word))[:MOST_WORDS]
        return cls(name, {word: code for code, word in enumerate(kept)}, separator)

    def transform(self, events: Any, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Offsets (events + 1,), int64, and words, int32, of the events `rows`; unknown ones none.

        A cell without text has no words.
        """
        texts, positions = _texts(self.name, events)
        spelt = [
            [self.known[word] for word in _split(text, self.separator) if word in self.known]
            for text in texts
        ]
        spelt.append([])  # a missing cell, at position -1
        lengths = np.array([len(own) for own in spelt], dtype=np.int64)
        begin = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        flat = np.array([code for own in spelt for code in own], dtype=np.int32)
        own = positions[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths[own])]).astype(np.int64)
        places = np.repeat(begin[own] - offsets[:-1], lengths[own]) + np.arange(offsets[-1])
        return offsets, np.ascontiguousarray(flat[places])

    def to_state(self) -> dict[str, Any]:
        """Return the words as JSON."""
        words = list(self.known)
        return {"name": pack(self.name), "words": words, "separator": self.separator}

    @classmethod
    def from_state(cls, document: dict[str, Any]) -> Words:
        """Rebuild what `to_state` described."""
        known = {word: code for code, word in enumerate(document["words"])}
        return cls(unpack(document["name"]), known, document["separator"])


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, then its pairs of neighbours.

    Examples
    --------
    >>> from entivec.offers.words import words_of
    >>> words_of("Red running-shoes")
    ['red', 'running', 'shoes', 'red running', 'running shoes']
    """
    words = _WORD.findall(text.lower())
    return words + [f"{one} {other}" for one, other in pairwise(words)]


def _split(text: str, separator: str | None) -> list[str]:
    if separator is None:
        return words_of(text)
    return [part for part in (part.strip() for part in text.split(separator)) if part]


def _texts(name: Name, events: Any) -> tuple[list[str], np.ndarray]:
    """Distinct texts, and which of them every event has; -1 for none."""
    positions, levels = factorize(name, open_log(events, [name]).cells(name))
    return [str(level) for level in pd.Index(levels)], positions
