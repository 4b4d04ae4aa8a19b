"""Tables of the page: real ones, that can be read, sorted, printed and heard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from entivec.reporting.html import Markup, clean, joined, tag


class Cell(NamedTuple):
    """A cell that is sorted by another value than it shows.

    Attributes
    ----------
    shown : str
        Text or HTML.
    by : float or str or None
        What it is sorted by.
    class_ : str
        "number" does not wrap, "words" does.
    """

    shown: str
    by: Any = None
    class_: str | None = None


def figure(shown: str, by: float | None = None) -> Cell:
    """Return a cell that holds a number."""
    return Cell(shown, by, "number")


def table(
    caption: str, headers: Sequence[str], rows: Iterable[Sequence[Any]], filtered: bool = False
) -> Markup:
    """Return a table whose first column names the row.

    Parameters
    ----------
    caption : str
        For those who hear the page.
    rows : iterable of sequences
        Text, `Markup` or `Cell`.
    filtered : bool, default False
        Whether the script offers to look for rows.
    """
    head = tag("tr", *(tag("th", text, scope="col") for text in headers))
    body = [
        tag("tr", *(_cell("td" if place else "th", cell) for place, cell in enumerate(row)))
        for row in rows
    ]
    whole = tag(
        "table", tag("caption", caption, class_="heard"), tag("thead", head), tag("tbody", *body)
    )
    return tag(
        "div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption,
        data_filter=filtered,
    )  # fmt: skip


def _cell(name: str, cell: Any) -> Markup:
    if not isinstance(cell, Cell):
        cell = Cell(cell)
    inside = cell.shown if isinstance(cell.shown, Markup) else joined(clean(cell.shown, 600))
    scope = "row" if name == "th" else None
    return tag(name, inside, scope=scope, class_=cell.class_, data_by=cell.by)
