"""What went in, and what became of it, column by column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from entivec.reporting.drawings import bar
from entivec.reporting.html import Markup, clean, isolated, joined, tag
from entivec.reporting.subject import Section, Subject
from entivec.reporting.tables import Cell, figure, table
from entivec.reporting.words import count, listed, percent

KINDS = {
    "continuous": "number",
    "categorical": "category",
    "datetime": "date",
    "bag": "counts",
    "constant": "constant",
    "missing": "all missing",
    "identifier": "left out",
}
LOST = 0.2  # share of a column's cells from which a loss is worth a warning, as in the codec
MOSTLY_MISSING = 0.5
MOST_ALIKE = 3  # warnings that are told one by one
MANY = 25  # columns from which a search is offered


def section(subject: Subject) -> Section:
    """Return the table of the columns."""
    schema = subject.schema
    kinds = schema["kind"].map(KINDS).value_counts()
    lead = f"{count(len(subject.frame), 'row')} × {count(len(schema), 'column')}: " + listed(
        [f"{many:,} {kind}" for kind, many in kinds.items()]
    )
    headers = ["Column", "Kind", "Dtype", "Levels", "Missing", "In other", "Unreadable", "Note"]
    shown = [True] * 6 + [bool((schema["unreadable_share"] > 0).any()), True]
    rows = [[c for c, there in zip(_row(row), shown, strict=True) if there]
            for row in schema.to_dict("records")]  # fmt: skip
    frames = _frames(subject)
    body = table(
        "What became of every column",
        [name for name, there in zip(headers, shown, strict=True) if there],
        rows,
        filtered=len(schema) > MANY,
    )
    note = tag(
        "p",
        "Levels: those with a code of their own. In other: share of the observed cells whose level"
        " is too rare for one, and so is not kept apart. Missing cells are marked at the input and"
        " left out of the loss.",
        class_="note",
    )
    return Section("columns", "What went in and what became of it", lead + ".",
                   joined(frames, body, note))  # fmt: skip


def _frames(subject: Subject) -> Markup:
    """Return what was read of each frame, where there are several."""
    if subject.sources is None:
        return joined()
    rows = [
        [
            str(row["frame"]),
            row["kind"],
            figure("" if pd.isna(row["rows"]) else f"{row['rows']:,}"),
            clean(row["time"]),
            figure("" if pd.isna(row["columns"]) else f"{row['columns']:,}"),
            _share(float(row["missing"]), ""),
            Cell(clean(row["estimator"], 200), class_="words"),
        ]
        for row in subject.sources.fillna({"time": "", "estimator": ""}).to_dict("records")
    ]
    heads = ["Frame", "Read as", "Rows", "Time", "Columns made", "Entities not in it", "By"]
    return table("What was read of every frame", heads, rows)


def _row(row: dict[Any, Any]) -> list[Any]:
    kind = KINDS.get(row["kind"], row["kind"])
    levels = "" if pd.isna(row["levels"]) else f"{row['levels']:,}"
    lost = "poor" if row["other_share"] > LOST else ""
    return [
        str(row["column"]),
        Cell(tag("span", kind, class_=f"kind {row['kind']}"), kind),
        row["dtype"],
        figure(levels, None if not levels else int(row["levels"])),
        _share(row["missing_share"], "poor" if row["missing_share"] > MOSTLY_MISSING else ""),
        _share(row["other_share"], lost),
        _share(row["unreadable_share"], "poor"),
        Cell(row["note"], class_="words"),
    ]


def _share(share: float, class_: str) -> Cell:
    if not np.isfinite(share):
        return figure("")
    shown = percent(share)
    return figure(joined(bar(share, class_), tag("span", shown)), round(float(share), 6))


def warnings(subject: Subject) -> list[Markup]:
    """Return what of the columns is worth a warning, as sentences; many alike are one."""
    alike: dict[str, list[Markup]] = {}
    for row in subject.schema.to_dict("records"):
        found = _warning(row)
        if found:
            several, alone = found
            alike.setdefault(several, []).append(joined(isolated(row["column"], 60), " ", alone))
    told = []
    for several, sentences in alike.items():
        if len(sentences) <= MOST_ALIKE:
            told += sentences
        else:
            told.append(joined(f"{len(sentences):,} columns {several}, such as: ", sentences[0]))
    return told


def _warning(row: dict[Any, Any]) -> tuple[str, str] | None:
    """Say what several columns and one alone are to be warned of for."""
    if row["kind"] in ("constant", "missing"):
        return "tell nothing", f"is {KINDS[row['kind']]} and tells nothing"
    if row["kind"] == "identifier":
        return "are left out", "looks like an identifier and is left out"
    if row["other_share"] > LOST:
        share = percent(row["other_share"])
        return "lose rare levels", f"has {share} of its cells in rare levels that are not kept"
    if row["unreadable_share"] > LOST:
        share = percent(row["unreadable_share"])
        return "cannot all be read", f"has {share} of its cells that cannot be read"
    if row["missing_share"] > MOSTLY_MISSING:
        return "are mostly missing", f"is {percent(row['missing_share'])} missing"
    return None
