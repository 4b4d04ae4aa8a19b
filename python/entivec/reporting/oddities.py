"""What is hard to reproduce: columns, and the oddest rows with reasons."""

from __future__ import annotations

from typing import Any

import numpy as np

from entivec.reporting.drawings import bar, histogram
from entivec.reporting.html import Markup, isolated, joined, tag
from entivec.reporting.subject import Section, Subject
from entivec.reporting.tables import Cell, figure, table
from entivec.reporting.words import cell, count, number
from entivec.rows.reasons import reasons

MOST_ROWS = 20
MOST_REASONS = 3
TOGETHER = {"bag"}  # sources of several columns, which have no value of their own
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
        _oddest(subject),
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


def _oddest(subject: Subject) -> Markup:
    errors = subject.row_errors.to_numpy()
    order = np.argsort(-errors, kind="stable")[:MOST_ROWS]
    order = order[np.isfinite(errors[order])]
    usual = subject.cell_errors.mean().fillna(0.0)
    told = reasons(subject.model, subject.given, order, usual, MOST_REASONS)
    rows: list[list[Any]] = []
    why: list[list[Markup]] = []
    for reason in told.to_dict("records"):
        if reason["rank"] == 1:
            error = float(errors[order[len(rows)]])
            rows.append([Cell(cell(reason["row"])), figure(number(error), error)])
            why.append([])
        why[-1].append(_in_words(reason))
    body = [
        [*row, tag("ul", *(tag("li", words) for words in own), class_="traits")]
        for row, own in zip(rows, why, strict=True)
    ]
    return table("The oddest rows", ["Row", "Error", "Where it departs most"], body)


def _in_words(reason: dict[Any, Any]) -> Markup:
    name = isolated(reason["column"], 60)
    actual, expected = cell(reason["value"]), cell(reason["expected"])
    if reason["column"] in TOGETHER:
        return name
    if actual == expected:
        return joined(name, " is ", isolated(actual), ", which little in the row speaks for")
    return joined(name, " is ", isolated(actual), " where ", isolated(expected), " would fit")
