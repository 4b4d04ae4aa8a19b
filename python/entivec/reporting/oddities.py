"""What is hard to reproduce: columns, and the oddest rows with reasons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from entivec.reporting.drawings import bar, histogram
from entivec.reporting.html import Markup, isolated, joined, tag
from entivec.reporting.subject import Section, Subject
from entivec.reporting.tables import Cell, figure, table
from entivec.reporting.words import cell, count, number

MOST_ROWS = 20
MOST_REASONS = 3
LEAST_REASON = 0.1  # of the greatest one
MANY = 25
ODD = 0.99  # quantile of the errors from which a row is called odd


def section(subject: Subject) -> Section:
    """Return the errors by column and the rows of the greatest errors."""
    errors = subject.row_errors
    known = errors[np.isfinite(errors)].to_numpy()
    threshold = float(np.quantile(known, ODD)) if len(known) else 0.0
    middle = number(float(np.median(known)))
    label = (
        f"Histogram of the errors of {count(len(known), 'row')}: median {middle},"
        f" the most odd hundredth from {number(threshold)}"
    )
    lead = (
        "The reconstruction error is what the embedding does not keep of a row: of numbers the"
        " squared error in scaled units, of categories the cross-entropy over the square root of"
        " the column's entropy. A great one marks an odd row, or a column that stands for itself."
    )
    body = joined(
        histogram(known, threshold, "error of a row", label),
        tag("h3", "The oddest rows, and why"),
        _oddest(subject, threshold),
        tag("h3", "Error by column"),
        _columns(subject),
    )
    return Section("errors", "What does not fit in", lead, body)


def _columns(subject: Subject) -> Markup:
    mean = subject.cell_errors.mean().sort_values(ascending=False)
    top = max(float(mean.max()), 1e-12)
    rows = [
        [str(name), figure(joined(bar(value / top), tag("span", number(value))), float(value))]
        for name, value in mean.dropna().items()
    ]
    caption = "Mean reconstruction error of every column"
    return table(caption, ["Column", "Mean error"], rows, filtered=len(rows) > MANY)


def _oddest(subject: Subject, threshold: float) -> Markup:
    errors = subject.row_errors
    order = np.argsort(-errors.to_numpy(), kind="stable")[:MOST_ROWS]
    order = order[np.isfinite(errors.to_numpy()[order])]
    expected = _reconstruct(subject, order)
    rows = []
    for place, row in enumerate(order):
        error = float(errors.iloc[row])
        cells = subject.cell_errors.iloc[row].nlargest(MOST_REASONS)
        reasons = [
            _reason(name, subject.frame.iloc[row], expected.iloc[place])
            for name in cells.index[cells >= LEAST_REASON * cells.max()]
        ]
        name = cell(subject.frame.index[row])
        why = tag("ul", *(tag("li", reason) for reason in reasons), class_="traits")
        rows.append([Cell(name), figure(number(error), error), why])
    return table("The oddest rows", ["Row", "Error", "Where it departs most"], rows)


def _reconstruct(subject: Subject, rows: np.ndarray) -> pd.DataFrame:
    """Return what the embedding keeps of some rows."""
    given = subject.given
    some = given.iloc[rows] if isinstance(given, pd.DataFrame) else given[rows]
    kept = subject.model.reconstruct(some)
    if not isinstance(kept, pd.DataFrame):
        kept = pd.DataFrame(kept.toarray() if hasattr(kept, "toarray") else np.asarray(kept))
    return kept.set_axis(subject.frame.columns, axis=1)


def _reason(name: Any, row: pd.Series[Any], expected: pd.Series[Any]) -> Markup:
    if name not in row.index:  # of several columns together, such as a bag
        return joined(isolated(name, 60))
    actual, kept = cell(row[name]), cell(expected[name])
    if actual == kept:
        return joined(
            isolated(name, 60), " is ", isolated(actual), ", which little in the row speaks for"
        )
    return joined(isolated(name, 60), " is ", isolated(actual), " where ", isolated(kept),
                  " would fit")  # fmt: skip
