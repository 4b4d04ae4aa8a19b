"""Levels in several spellings: flags are read as two, other variants are reported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .cells import TEXT, Name
from .marks import is_mark
from .report import Report, listed

if TYPE_CHECKING:
    from .parsing import Levels

_PAIRS = [  # words of which a column has those of one line alone
    (
        "yes y true t 1 1.0 on ja j oui o si sí s sim da x wahr vrai vero verdadero verdadeiro tak "
        "✓ ✔ ☑ enabled",
        "no n false f 0 0.0 off nein non não nao net nie falsch faux falso neen ✗ ✘ ☐ disabled",
    ),
    (
        "male m man men männlich mann masculin homme hombre masculino",
        "female f w woman women weiblich frau féminin femme mujer femenino",
    ),
    ("active act. aktiv actif activo", "inactive inact. inaktiv inactif inactivo"),
    ("pass passed", "fail failed"),
]
_WORDS = frozenset(word for pair in _PAIRS for words in pair for word in words.split())
_MOST = 16  # spellings


@dataclass(frozen=True)
class Spelling:
    """The two levels of a flag, each by the spelling that most cells have.

    Attributes
    ----------
    yes, no : str
    pair : int
        Which words say them.
    """

    gives: ClassVar[str] = TEXT
    what: ClassVar[str] = "flags"
    words: ClassVar[str] = "flags"

    yes: str
    no: str
    pair: int = 0

    def read(self, texts: Sequence[str]) -> list[Any]:
        """Return the texts, those that say yes or no in the usual spelling, None for no value."""
        return [self._usual(text) for text in texts]

    def _usual(self, text: str) -> str | None:
        said = _said(text, self.pair)
        if said is None:
            return None if is_mark(text) else text
        return self.yes if said else self.no

    def state(self) -> dict[str, Any]:
        """Return the reading as JSON-able values."""
        return asdict(self)


def _said(text: str, pair: int) -> bool | None:
    word = text.strip().casefold()
    yes, no = _PAIRS[pair]
    if word in yes.split():
        return True
    return False if word in no.split() else None


def infer_spelling(levels: Levels) -> Spelling | None:
    """Return how the cells say yes and no in more than two spellings; None where they do not.

    Cells that say "no value" are none.
    """
    values = levels.seen
    if not 2 < len(values) <= _MOST or not any(isinstance(value, str) for value in values):
        return None
    texts = [str(value) for value in values]
    if not any(text.strip().casefold() in _WORDS for text in texts[:2]) and not any(
        is_mark(text) for text in texts[:2]
    ):
        return None
    order = sorted(range(len(values)), key=lambda i: (-levels.counts[i], texts[i]))
    if sum(not is_mark(text) or text in "xX" for text in texts) <= 2:
        return None
    for pair in range(len(_PAIRS)):
        usual: dict[bool, str] = {}
        for i in order:
            said = _said(texts[i], pair)
            if said is not None:
                usual.setdefault(said, texts[i])
            elif not is_mark(texts[i]):
                break
        else:
            if len(usual) == 2:
                return Spelling(usual[True], usual[False], pair)
    return None


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
