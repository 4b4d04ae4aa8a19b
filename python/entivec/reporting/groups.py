"""Clusters of the embedding, and what their rows have in common, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype
from sklearn.metrics import pairwise_distances_argmin

from entivec.evaluate import kmeans
from entivec.reporting.drawings import bar
from entivec.reporting.html import Markup, isolated, joined, tag
from entivec.reporting.subject import Section, Subject
from entivec.reporting.tables import figure, table
from entivec.reporting.words import cell, percent

TITLE = "Which groups there are"
MOST_CLUSTERS = 10
MOST_CLUSTERED = 10_000  # rows
MOST_JUDGED = 4_000  # rows that the silhouette is taken from
FEWEST_DISTINCT = 4
MOST_TRAITS = 5
LEAST_EFFECT = 0.25  # standard deviations that a cluster's mean lies away from that of all rows
MOST_LEVELS = 40  # of a column that are looked at
MOST_ROWS = 20_000  # that profiles are taken from


@dataclass(frozen=True)
class Groups:
    """Clusters of all rows.

    Attributes
    ----------
    of_row : ndarray of shape (n,), int
        1 is the largest cluster.
    silhouette : Series
        Mean silhouette by number of clusters.
    """

    of_row: np.ndarray
    silhouette: pd.Series[float]

    @property
    def k(self) -> int:
        """Number of clusters."""
        return int(self.of_row.max())

    def names(self) -> pd.Series[Any]:
        """Return the cluster of every row by name, in the order of size."""
        levels = pd.Index([f"cluster {k}" for k in range(1, self.k + 1)])
        named = pd.Categorical(levels[self.of_row - 1], categories=levels, ordered=True)
        return pd.Series(named, name="cluster")


def section(subject: Subject, groups: Groups) -> Section:
    """Return the clusters with their profiles."""
    if groups.k < 2:
        return Section("clusters", TITLE, "", tag("p", "Too few rows differ to form groups."))
    best = float(groups.silhouette.max())
    strength = "well apart" if best >= 0.5 else "overlapping" if best >= 0.25 else "barely apart"
    lead = (
        f"k-means on the embedding; {groups.k} clusters have the highest silhouette of 2 to"
        f" {int(groups.silhouette.index.max())} ({best:.2f}, of at most 1: {strength})."
        + ("" if best >= 0.25 else " They cut a cloud into parts rather than find separate groups.")
    )
    traits = Traits(subject)
    rows = [
        [
            f"Cluster {k}",
            figure(joined(bar(share), tag("span", percent(share))), share),
            traits.of(groups.of_row == k),
        ]
        for k in range(1, groups.k + 1)
        for share in [float(np.mean(groups.of_row == k))]
    ]
    body = table("Clusters and what marks them", ["Cluster", "Rows", "What marks them"], rows)
    scores = table(
        "Silhouette by number of clusters",
        ["Clusters", "Silhouette"],
        [[str(k), figure(f"{value:.3f}", value)] for k, value in groups.silhouette.items()],
    )
    more = tag("details", tag("summary", "Silhouette by number of clusters"), scores)
    note = tag(
        "p",
        "Of numbers the median, of categories the share, beside those of all rows: columns whose"
        f" mean lies at least {LEAST_EFFECT} standard deviations away, the farthest first.",
        class_="note",
    )  # fmt: skip
    return Section("clusters", TITLE, lead, joined(body, note, more))


class Trait(NamedTuple):
    """How far the rows of a cluster depart in a column, in standard deviations, and in words."""

    effect: float
    column: Any
    words: Markup


class Traits:
    """What sets some rows apart from all, by column."""

    def __init__(self, subject: Subject) -> None:
        self.rows = subject.sample(MOST_ROWS)
        self.table = pd.concat(
            [subject.frame.iloc[self.rows], subject.labels.iloc[self.rows]], axis=1
        )
        self.indicators: list[tuple[str, Any, np.ndarray]] = []  # column, level, cells
        self.numbers: list[tuple[str, pd.Series[Any], np.ndarray]] = []
        for name in self.table.columns:
            self._read(name)

    def _read(self, name: Any) -> None:
        column = self.table[name]
        missing = column.isna().to_numpy()
        if 0 < missing.sum() < len(missing):
            self.indicators.append((name, None, missing.astype(np.float32)))
        numeric = is_numeric_dtype(column.dtype) and not is_bool_dtype(column.dtype)
        if (numeric and column.nunique() > 2) or is_datetime64_any_dtype(column.dtype):
            values = column.astype("int64") if not numeric else column
            plain = values.astype(object).where(~missing, np.nan).to_numpy(np.float64)
            if np.nanstd(plain) > 0:
                self.numbers.append((name, column, plain))
            return
        text = column.astype(object).map(cell)
        for level in text[~missing].value_counts().index[:MOST_LEVELS]:
            self.indicators.append((name, level, (text == level).to_numpy(np.float32)))

    def of(self, rows: np.ndarray) -> Markup:
        """Describe rows by their traits, the strongest first."""
        inside = rows[self.rows]
        if not inside.any():
            return joined("too few rows to say")
        found = [*self._numbers(inside), *self._levels(inside)]
        # Of two levels both depart as far: the one that is frequent here says it.
        found.sort(key=lambda trait: (-round(abs(trait.effect), 6), -trait.effect))
        kept: dict[Any, Markup] = {}
        for effect, column, words in found:
            if abs(effect) >= LEAST_EFFECT and column not in kept and len(kept) < MOST_TRAITS:
                kept[column] = words
        if not kept:
            return joined("like all rows in every single column")
        return tag("ul", *(tag("li", words) for words in kept.values()), class_="traits")

    def _numbers(self, inside: np.ndarray) -> list[Trait]:
        found = []
        for name, column, values in self.numbers:
            own = values[inside]
            known = float(np.isfinite(own).mean())
            if not known:
                continue
            # What few rows of the cluster have marks it little.
            effect = known * float((np.nanmean(own) - np.nanmean(values)) / np.nanstd(values))
            which = "high" if effect > 0 else "low"
            here, all_rows = column[inside].median(), column.median()
            if here == all_rows:  # of columns that are mostly one number
                here, all_rows = column[inside].mean(), column.mean()
                which += " on average"
            told = f" {which}: {cell(here)} (all rows {cell(all_rows)})"
            found.append(Trait(effect, name, joined(isolated(name, 60), told)))
        return found

    def _levels(self, inside: np.ndarray) -> list[Trait]:
        found = []
        for name, level, cells in self.indicators:
            share, own = float(cells.mean()), float(cells[inside].mean())
            effect = float((own - share) / np.sqrt(share * (1 - share) + 1e-12))
            what = "missing" if level is None else isolated(level, 40)
            shares = f" in {percent(own)} (all rows {percent(share)})"
            found.append(Trait(effect, name, joined(isolated(name, 60), " ", what, shares)))
        return found


def find_groups(subject: Subject) -> Groups:
    """Cluster the embedding into as many clusters as have the highest silhouette.

    Of many rows a sample is clustered; the others belong to the nearest centre.
    """
    codes = subject.embedding.to_numpy()
    rows = subject.sample(MOST_CLUSTERED)
    distinct = len(np.unique(codes[rows], axis=0))
    if distinct < FEWEST_DISTINCT:
        return Groups(np.ones(len(codes), int), pd.Series(dtype=float))
    found = kmeans(
        codes[rows],
        range(2, min(MOST_CLUSTERS, distinct - 1) + 1),
        n_rows=MOST_JUDGED,
        random_state=subject.seed,
    )
    labels = found.labels[found.best_k].to_numpy()
    centres = np.stack([codes[rows][labels == k].mean(axis=0) for k in range(found.best_k)])
    nearest = pairwise_distances_argmin(codes, centres)
    order = np.argsort(-np.bincount(nearest, minlength=found.best_k), kind="stable")
    return Groups(1 + np.argsort(order)[nearest], found.scores["silhouette"])
