"""Levels in several spellings: flags are read as two, other variants are reported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .cells import Name
from .report import Report, listed

if TYPE_CHECKING:
    from .parsing import Levels

_YES = frozenset(
    [
        "yes",
        "y",
        "true",
        "t",
        "1",
        "1.0",
        "on",
        "ja",
        "j",
        "oui",
        "o",
        "si",
        "sí",
        "s",
        "sim",
        "da",
        "x",
    ]
)
_NO = frozenset(
    ["no", "n", "false", "f", "0", "0.0", "off", "nein", "non", "não", "nao", "net", "nie"]
)
_MOST = 16  # spellings


@dataclass(frozen=True)
class Spelling:
    """The two levels of a flag, each by the spelling that most cells have."""

    yes: str
    no: str

    @property
    def what(self) -> str:
        """What the cells are read as."""
        return "flags"

    def read(self, texts: Sequence[str]) -> list[Any]:
        """Return the texts, those that say yes or no in the usual spelling."""
        return [self._usual(text) for text in texts]

    def _usual(self, text: str) -> str:
        word = text.strip().casefold()
        if word in _YES:
            return self.yes
        return self.no if word in _NO else text

    def state(self) -> dict[str, Any]:
        """Return the reading as JSON-able values."""
        return asdict(self)

    def note(self, name: Name, report: Report) -> None:
        """Note that spellings are read as one."""
        report.note(name, f"is read as {self.yes!r} and {self.no!r}, whatever the spelling")


def infer_spelling(levels: Levels) -> Spelling | None:
    """Return how the cells say yes and no in more than two spellings; None where they do not."""
    values = levels.seen
    if not 2 < len(values) <= _MOST or not all(isinstance(value, str) for value in values):
        return None
    usual: dict[bool, str] = {}
    for i in sorted(range(len(values)), key=lambda i: (-levels.counts[i], values[i])):
        word = values[i].casefold()
        if word not in _YES | _NO:
            return None
        usual.setdefault(word in _YES, values[i])
    return Spelling(usual[True], usual[False]) if len(usual) == 2 else None


def note_case(name: Name, values: Sequence[Any], report: Report) -> None:
    """Note levels that differ by capitals alone."""
    spelt: dict[str, list[str]] = defaultdict(list)
    for value in values:
        if isinstance(value, str):
            spelt[value.casefold()].append(value)
    if len(spelt) == len(values):
        return
    variants = [same for same in spelt.values() if len(same) > 1]
    if variants:
        report.note(
            name,
            f"has levels that differ by capitals alone ({listed(variants[0])})",
            "write them alike if they are one",
        )
