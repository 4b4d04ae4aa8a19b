"""The names of a file's columns: those without one, those that stand twice, those to leave out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from entivec.cli.errors import InputError

_UNNAMED = re.compile(r"Unnamed: \d+")


@dataclass(frozen=True)
class Header:
    """The columns of a file under the names they are read by.

    Attributes
    ----------
    names : list of str
        Of all columns, in order.
    dropped : list of str
        Those left out unasked: a former index, empty columns without a name.
    notes : list of str
        What was done, in words.
    """

    names: list[str]
    dropped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def kept(self) -> list[str]:
        """The names of the columns that are read."""
        return [name for name in self.names if name not in self.dropped]


def read_header(
    path: Path, given: Sequence[str], rows: Sequence[Sequence[str]], named: Sequence[str]
) -> Header:
    """Give every column a name of its own and say which are left out.

    Parameters
    ----------
    path : Path
    given : sequence of str
        Names as they stand.
    rows : sequence of rows of str
        The first rows.
    named : sequence of str
        Columns that the user speaks of; they are never left out.

    Raises
    ------
    InputError
        If columns have no name and are neither empty nor a former index.
    """
    beyond = [row[len(given) :] for row in rows]
    if not any(cell.strip() for cells in beyond for cell in cells):  # lines end with separators
        given = [*given, *[""] * max(map(len, beyond), default=0)]
    names, notes = _unique([name or f"Unnamed: {i}" for i, name in enumerate(given)])
    dropped, nameless = [], []
    for place, name in enumerate(names):
        if not _UNNAMED.fullmatch(name) or name in named:
            continue
        cells = [row[place].strip() if place < len(row) else "" for row in rows]
        if not any(cells):
            dropped.append(name)
        elif place == 0 and _is_former_index(cells):
            dropped.append(name)
            notes.append("the first column has no name and counts the rows; it is left out")
        else:
            nameless.append(name)
    if nameless:
        raise InputError(
            f"{path}: {len(nameless)} column{'s have' if len(nameless) > 1 else ' has'} no name; "
            f"name {'them' if len(nameless) > 1 else 'it'} or leave "
            f"{'them' if len(nameless) > 1 else 'it'} out: --drop "
            + " ".join(repr(name) for name in nameless)
        )
    return Header(names, dropped, notes)


def _is_former_index(cells: Sequence[str]) -> bool:
    numbers = [cell for cell in cells if cell.isdecimal()]
    return len(numbers) == len(cells) == len(set(cells))


def _unique(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names with .1, .2 after those that stand twice, as pandas writes them."""
    counts = Counter(names)
    used, unique = set(names), []
    seen: Counter[str] = Counter()
    for name in names:
        own = name
        while seen[name] and (own == name or own in used):
            own = f"{name}.{seen[name]}"
            seen[name] += own in used
        seen[name] += 1
        used.add(own)
        unique.append(own)
    twice = [name for name, times in counts.items() if times > 1]
    notes = [
        f"{counts[name]} columns are named {name!r}; they are read as "
        + ", ".join(repr(own) for own, name_ in zip(unique, names, strict=True) if name_ == name)
        for name in twice
    ]
    return unique, notes
