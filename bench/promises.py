"""Labelled tables of the promises on widths, dates and bags, made from the data folder.

Tables whose names end in * were not looked at while the defaults were chosen.
"""

from __future__ import annotations

import gzip
from typing import NamedTuple

import numpy as np
import pandas as pd
import tables

WIDTHS = (
    "adult",
    "telco_churn",
    "customer_personality",
    "esl_marketing_income",
    "wholesale",
    "bank_full*",
    "dutch_census*",
    "diabetes130*",
    "caravan*",
)
PARTS = ("time of day", "day of week", "day of year")


class Dated(NamedTuple):
    """Customers with a date, and whether they come again."""

    X: pd.DataFrame
    y: np.ndarray


def load(name: str) -> tables.Labelled:
    """Return a labelled table by its name, marked or not."""
    return tables.load(name.rstrip("*"))


def customers(log: pd.DataFrame, cut: str) -> Dated:
    """Return what is known of customers at a date, and who buys after it.

    `log` has the columns customer, date and amount.
    """
    before = log[log["date"] < cut]
    known = before.groupby("customer").agg(
        first=("date", "min"),
        last=("date", "max"),
        visits=("date", "size"),
        spent=("amount", "sum"),
    )
    again = known.index.isin(log.loc[log["date"] >= cut, "customer"])
    return Dated(known, again.astype(int))


def cdnow() -> Dated:
    file = tables.path("cdnow", "cdnow_master.csv.gz")
    log = pd.read_csv(file, parse_dates=["date"])
    return customers(log.rename(columns={"customer_id": "customer"}), "1997-10-01")


def online_retail() -> Dated:
    file = tables.path("online_retail", "online_retail.csv.gz")
    log = pd.read_csv(file, usecols=["Quantity", "InvoiceDate", "UnitPrice", "CustomerID"])
    log = log.dropna().rename(columns={"CustomerID": "customer"})
    log["date"] = pd.to_datetime(log["InvoiceDate"])
    log["amount"] = log["Quantity"] * log["UnitPrice"]
    return customers(log, "2011-09-01")


def dated_personality() -> Dated:
    labelled = tables.load("customer_personality")
    return Dated(labelled.X, labelled.y)


DATES = {
    "cdnow": cdnow,
    "customer_personality": dated_personality,
    "online_retail*": online_retail,
}


def counted(rows: np.ndarray, items: np.ndarray, most: int = 200) -> pd.DataFrame:
    """Return sparse columns of counts, of the `most` frequent items."""
    codes, names = pd.factorize(items)
    frequent = np.argsort(np.bincount(codes))[::-1][:most]
    place = np.full(len(names), -1)
    place[frequent] = np.arange(len(frequent))
    kept = place[codes] >= 0
    table = np.zeros((rows.max() + 1, len(frequent)), dtype=np.int32)
    np.add.at(table, (rows[kept], place[codes[kept]]), 1)
    frame = pd.DataFrame(table, columns=[f"item {names[j]}" for j in frequent])
    return frame.astype(pd.SparseDtype("int32", 0))


def movielens_100k() -> tables.Labelled:
    folder = "movielens_100k"
    users = pd.read_csv(tables.path(folder, "ml-100k.user.gz"), sep="\t")
    seen = pd.read_csv(tables.path(folder, "ml-100k.inter.gz"), sep="\t")
    place = pd.Index(users["user_id:token"]).get_indexer(seen["user_id:token"])
    bag = counted(place, seen["item_id:token"].to_numpy())
    known = users[["age:token", "occupation:token"]]
    return tables.Labelled(known.join(bag), tables.is_(users["gender:token"], "F"))


def movielens_1m() -> tables.Labelled:
    folder = "movielens_1m"
    users = pd.read_csv(
        tables.path(folder, "users.dat.gz"),
        sep="::",
        engine="python",
        names=["user", "gender", "age", "occupation", "zip"],
    )
    numbers = pd.read_csv(tables.path(folder, "user_map.txt.gz"), sep=" ", names=["user", "own"])
    users = users.set_index("user").loc[numbers.sort_values("own")["user"]].reset_index()
    with gzip.open(tables.path(folder, "train.txt.gz"), "rt") as file:
        lines = [np.array(line.split(), dtype=int) for line in file]
    rows = np.concatenate([np.full(len(line) - 1, line[0]) for line in lines])
    bag = counted(rows, np.concatenate([line[1:] for line in lines]))
    known = users[["age"]].join(users["occupation"].astype("category"))
    return tables.Labelled(known.join(bag), tables.is_(users["gender"], "F"))


BAGS = {"movielens_100k": movielens_100k, "movielens_1m*": movielens_1m}
