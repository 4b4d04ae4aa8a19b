"""What of each column is lost, and what looks odd in it: for the schema and for warnings."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .cells import Name

LOST = 0.2  # share of the observed cells from which a loss is worth a warning
FEWEST_CELLS = 20  # a share of fewer says nothing


class TableWarning(UserWarning):
    """A table is not what it seems, or part of it is lost.

    Examples
    --------
    >>> import warnings
    >>> import entivec
    >>> warnings.simplefilter("ignore", entivec.TableWarning)  # once what is lost is known
    """


_PASSED = ("entivec", "sklearn")  # packages whose frames stand between the user and a warning


def warn(sentence: str) -> None:
    """Warn of something in the user's table, at the user's own line."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals["__name__"].split(".")[0] in _PASSED:
        frame, level = frame.f_back, level + 1
    warnings.warn(sentence, TableWarning, stacklevel=level)


def listed(values: Sequence[Any], most: int = 3) -> str:
    """Return the first distinct values as text."""
    return ", ".join(repr(value) for value in list(dict.fromkeys(values))[:most])


@dataclass
class Report:
    """What a fit found: notes of every column, and which of them are worth a warning.

    Attributes
    ----------
    notes : dict of column name to list of str
    warned : list of str
        Whole sentences that name their column.
    """

    notes: dict[Name, list[str]] = field(default_factory=dict)
    warned: list[str] = field(default_factory=list)

    def note(self, name: Name, text: str, advice: str = "", warn: bool = False) -> None:
        """Note something of a column: what it is (with values), and what to do about it."""
        sentence = f"{text}; {advice}" if advice else text
        self.notes.setdefault(name, []).append(sentence)
        if warn:
            self.warned.append(f"column {name!r} {sentence}")

    def lost(self, name: Name, share: float, cells: int, what: str, advice: str) -> None:
        """Note that `share` of a column's observed `cells` is lost; warn of more than a fifth."""
        if share > 0:
            warn = share > LOST and cells >= FEWEST_CELLS
            self.note(name, f"{what} ({share:.0%} of its cells)", advice if warn else "", warn)

    def tell(self) -> None:
        """Warn, once for each column and finding."""
        for sentence in self.warned:
            warn(sentence)
