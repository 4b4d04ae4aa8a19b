"""The report: a page that a manager can read and an analyst can trust."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from entivec._versions import __version__
from entivec.base.atomic import check_writable, write_atomically
from entivec.plot._plane import METHODS
from entivec.reporting import (
    again,
    chart,
    columns,
    groups,
    latents,
    oddities,
    training,
    verdict,
    worth,
)
from entivec.reporting.page import page
from entivec.reporting.subject import Subject, read_subject

MOST_ROWS = 20_000
HEIGHT = 760  # of the frame in a notebook


@dataclass(frozen=True, repr=False)
class Report:
    """A page about a model and its rows.

    Attributes
    ----------
    verdict : str
        The page in one line.
    html : str
        The page: one file that needs no other.
    """

    verdict: str
    html: str = field(repr=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file; a former one stays whole until then.

        Parameters
        ----------
        path : path-like
        """
        write_atomically(path, lambda part: Path(part).write_text(self.html, encoding="utf-8"))

    def __repr__(self) -> str:
        return f"Report of {len(self.html.encode()) / 1e6:.1f} MB: {self.verdict}"

    def _repr_html_(self) -> str:
        """Return the page in a frame that keeps it to itself, for notebooks."""
        return (
            f'<iframe sandbox="allow-scripts" width="100%" height="{HEIGHT}" frameborder="0"'
            f' title="entivec report" srcdoc="{html.escape(self.html)}"></iframe>'
        )


def report(
    model: Any,
    X: Any,
    y: Any = None,
    path: str | os.PathLike[str] | None = None,
    *,
    title: str | None = None,
    projection: str = "pca",
    max_rows: int = MOST_ROWS,
    random_state: int = 0,
    code: str | None = None,
    files: Mapping[str, str] | None = None,
) -> Report:
    """Make one self-contained page about a fitted model and its rows.

    It says how much the embedding keeps, beside PCA and the raw columns; what became of each
    column; how the training went; and shows a map of the rows, their clusters in words, the oddest
    rows with reasons, what each component carries, and how to make all of it again. The page works
    offline, in a notebook, printed, in the dark, by keyboard, and without JavaScript. It holds the
    rows that it draws, so it is to be kept as the table is.

    Parameters
    ----------
    model : fitted estimator over rows, or fitted EntityEmbedder
        Such as `AutoEncoder`.
    X : DataFrame, array or sparse matrix of shape (n, columns), or mapping of name to frame
        The rows to show: those of the fit, or others of the same columns. The index names them.
        Frames for an `EntityEmbedder`, as of its `cutoff`.
    y : Series, DataFrame or array-like of shape (n,) or (n, labels), optional
        What the model has not seen, such as churn: to colour the map by and to predict (the first
        three, each by a sample of at most 4,000 rows). Of an `EntityEmbedder` indexed by
        identifier.
    path : path-like, optional
        Where to write the page.
    title : str, optional
        Its heading.
    projection : {"pca", "tsne", "umap"}, default "pca"
        How the map is drawn. t-SNE takes about a minute for 20,000 rows; UMAP needs umap-learn.
    max_rows : int, default 20_000
        Points of the map at most; of more rows a random sample is drawn. Wide tables are drawn by
        fewer, so that every column is there to colour by.
    random_state : int, default 0
        Of the sample, the map and the clusters.
    code : str, optional
        What makes the page again, if not the call of this function.
    files : mapping of str to str, optional
        SHA-256 by name of the files that `X` and `y` come from; by default those of the tables in
        memory are told.

    Returns
    -------
    Report
        Shown by notebooks; `verdict`, `html` and `save(path)`.

    Raises
    ------
    TypeError
        If `model` is neither.
    ValueError
        If `y` does not fit the rows, shares a column with them, or a parameter is unknown.
    OSError
        If `path` cannot be written.

    Examples
    --------
    >>> import entivec
    >>> base = entivec.datasets.make_customers(300, random_state=0)
    >>> model = entivec.AutoEncoder(8, max_steps=100).fit(base.customers)
    >>> page = entivec.report(model, base.customers)
    >>> page.html.startswith("<!DOCTYPE html>")
    True

    With labels, which takes longer, and to a file:

    >>> page = entivec.report(
    ...     model, base.customers, base.labels["churned"], "report.html"
    ... )  # doctest: +SKIP
    """
    if projection not in METHODS:
        raise ValueError(f"projection must be one of {', '.join(METHODS)}; got {projection!r}.")
    if isinstance(max_rows, bool) or not isinstance(max_rows, int) or not 1 <= max_rows <= 65_535:
        raise ValueError(f"max_rows must be a whole number from 1 to 65,535; got {max_rows!r}.")
    if path is not None:
        check_writable(path)
    subject = read_subject(model, X, y, random_state)
    chosen = {"projection": (projection, "pca"), "max_rows": (max_rows, MOST_ROWS),
              "random_state": (random_state, 0)}  # fmt: skip
    settings = {name: value for name, (value, usual) in chosen.items() if value != usual}
    made = _make(subject, title, projection, max_rows, settings, code, files or {})
    if path is not None:
        made.save(path)
    return made


def _make(
    subject: Subject,
    title: str | None,
    projection: str,
    max_rows: int,
    settings: Mapping[str, Any],
    code: str | None,
    files: Mapping[str, str],
) -> Report:
    found = groups.find_groups(subject)
    predicted = worth.measure(subject)
    sections = [
        columns.section(subject),
        training.section(subject),
        chart.section(subject, found, max_rows, projection),
        groups.section(subject, found),
        oddities.section(subject),
        latents.section(subject),
        *([worth.section(subject, predicted)] if predicted else []),
        again.section(subject, settings, code, files),
    ]
    minded = [*verdict.of_model(subject), *columns.warnings(subject)]
    line = verdict.line(subject, worth.line(predicted), len(minded))
    top = verdict.top(subject, line, minded, found, worth.figures(predicted))
    title = title or f"{type(subject.whole).__name__} of {len(subject.frame):,} rows"
    foot = (
        f"Made by entivec {__version__}. One file; nothing is loaded from elsewhere. It holds the"
        " rows that it draws, values and names: keep it as you keep the table."
    )
    return Report(line, page(title, top, sections, foot))
