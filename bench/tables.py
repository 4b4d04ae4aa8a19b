"""The labelled tables of the benchmarks, read from the folder that ENTIVEC_DATA names.

Each is returned as a user would hand it over: identifiers and labels set aside, text that is money
or a date parsed, integer codes declared categories, nothing else cleaned. README.md says where the
originals are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd


class Labelled(NamedTuple):
    """A table, what is to be predicted from it, and which rows belong to one entity."""

    X: pd.DataFrame
    y: np.ndarray  # (n,) 0 or 1
    groups: np.ndarray | None = None  # (n,) rows that must not be split between training and test


def folder() -> Path | None:
    """Return the data folder, or None where ENTIVEC_DATA is not set."""
    named = os.environ.get("ENTIVEC_DATA")
    return Path(named) if named else None


def path(*parts: str) -> Path:
    """Return a data file; end the program with one line where there is none."""
    root = folder()
    if root is None:
        sys.exit("Set ENTIVEC_DATA to the folder of the data sets; bench/README.md lists them.")
    file = root.joinpath(*parts)
    if not file.exists():
        sys.exit(f"ENTIVEC_DATA holds no {'/'.join(parts)}; bench/README.md says where to get it.")
    return file


def load(name: str) -> Labelled:
    """Return the table `name`, one of `LOADERS`."""
    return LOADERS[name]()


def adult() -> Labelled:
    parts = [pd.read_csv(path("adult", f"adult_{part}.csv.gz")) for part in ("train", "test")]
    frame = pd.concat(parts, ignore_index=True)
    return Labelled(frame, is_(frame.pop("class").str.rstrip("."), ">50K"))


def bank_full() -> Labelled:
    # The duration of the call is known only when its outcome is.
    frame = pd.read_csv(path("bank_marketing", "bank_full.csv.gz")).drop(columns="duration")
    return Labelled(frame, is_(frame.pop("subscribe"), 1))


def telco_churn() -> Labelled:
    frame = pd.read_csv(path("telco_churn", "telco_churn.csv.gz")).drop(columns="customerID")
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    return Labelled(frame, is_(frame.pop("Churn"), "Yes"))


def dutch_census() -> Labelled:
    frame = pd.read_csv(path("dutch_census", "dutch_census.csv.gz"))
    y = is_(frame.pop("occupation"), 1)
    return Labelled(frame.astype("category"), y)


def customer_personality() -> Labelled:
    file = path("customer_personality", "customer_personality.csv.gz")
    frame = pd.read_csv(file, encoding="utf-8-sig").drop(columns="ID")
    frame[" Income "] = pd.to_numeric(frame[" Income "].str.replace(r"[$, ]", "", regex=True))
    frame["Dt_Customer"] = pd.to_datetime(frame["Dt_Customer"], format="%m/%d/%y")
    return Labelled(frame, is_(frame.pop("Response"), 1))


def diabetes130() -> Labelled:
    frame = pd.read_csv(
        path("diabetes130", "diabetic_data.csv.gz"),
        na_values="?",
        dtype={"payer_code": str, "weight": str},
        low_memory=False,
    ).drop(columns="encounter_id")
    codes = ["admission_type_id", "discharge_disposition_id", "admission_source_id"]
    frame[codes] = frame[codes].astype("category")
    groups = frame.pop("patient_nbr").to_numpy()
    return Labelled(frame, is_(frame.pop("readmitted"), "<30"), groups)


def caravan() -> Labelled:
    frame = pd.read_csv(path("caravan", "caravan.csv.gz"))
    return Labelled(frame, is_(frame.pop("CARAVAN"), 1))


def wholesale() -> Labelled:
    frame = pd.read_csv(path("wholesale_customers", "wholesale_customers.csv"))
    frame["Region"] = frame["Region"].astype("category")
    return Labelled(frame, is_(frame.pop("Channel"), 2))


def esl_marketing_income() -> Labelled:
    frame = pd.read_csv(path("esl_marketing_income", "esl_marketing_income.csv.gz"))
    upper = ("[30.000-40.000)", "[40.000-50.000)", "[50.000-75.000)", "[75.000-")
    return Labelled(frame, frame.pop("INCOME").isin(upper).to_numpy(int))


def is_(labels: pd.Series, positive: object) -> np.ndarray:
    """Return 1 where the label is the positive one."""
    return (labels == positive).to_numpy(int)


LOADERS: dict[str, Callable[[], Labelled]] = {
    loader.__name__: loader
    for loader in (
        adult,
        bank_full,
        telco_churn,
        dutch_census,
        customer_personality,
        diabetes130,
        caravan,
        wholesale,
        esl_marketing_income,
    )
}
