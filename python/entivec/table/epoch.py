"""Dates that are written as whole numbers: seconds since 1970 and finer, or 20240131."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from .cells import DATE
from .date_text import DateText

_UNITS = {"s": 1e11, "ms": 1e14, "us": 1e17, "ns": np.inf}  # unit: what its ticks stay below
_COMPACT = DateText("compact", template="%Y%m%d")


@dataclass(frozen=True)
class Epoch:
    """Whole numbers that count `unit` since 1970-01-01 UTC; "compact" for 20240131."""

    gives: ClassVar[str] = DATE
    what: ClassVar[str] = "epoch"
    words: ClassVar[str] = "dates"

    unit: str

    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Return the moments as datetime64[us], NaT where a text is no whole number."""
        whole = [text[:-2] if text.endswith(".0") else text for text in texts]
        if self.unit == "compact":
            return _COMPACT.read(whole)
        read = np.full(len(texts), np.datetime64("NaT", "us"))
        for i, text in enumerate(whole):
            if text.lstrip("-").isdecimal():
                read[i] = np.array(int(text)).astype(f"datetime64[{self.unit}]")
        return read

    def write(self, moments: np.ndarray) -> list[str]:
        """Return moments (no NaT) as the numbers they were."""
        if self.unit == "compact":
            return _COMPACT.write(moments)
        ticks = moments.astype(f"datetime64[{self.unit}]").astype(np.int64)
        return [str(tick) for tick in ticks.tolist()]

    def state(self) -> dict[str, Any]:
        """Return the reading as JSON-able values."""
        return asdict(self)


def infer_epoch(values: Sequence[Any]) -> Epoch | None:
    """Return how numbers are read as dates; None where they are not whole."""
    if not all(float(value).is_integer() for value in values):
        return None
    texts = [str(int(value)) for value in values]
    if not np.isnat(_COMPACT.read(texts)).any():
        return Epoch("compact")
    largest = max(abs(int(value)) for value in values)
    return Epoch(next(unit for unit, limit in _UNITS.items() if largest < limit))
