"""Facts: every statistic beside a slow reference, cut-offs, leaks, bits, errors."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path

import facts_by_hand as by_hand
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import entivec
from entivec import FactAggregator

DAY = pd.Timedelta(1, "D")
WINDOWS = {None: "", "90D": "_90d", "last 3": "_last3", "2 months": "_2months"}
AS_PANDAS = {"90D": 90 * DAY, "last 3": 3, "2 months": pd.DateOffset(months=2), None: None}
PERIODS = {"month": pd.DateOffset(months=1), "week": 7 * DAY}


def make_log(seed=0, events=150, entities=7, scale=1.0, shift=0.0):
    """A log out of order, with gaps in values and levels, equal times, rare levels."""
    random = np.random.default_rng(seed)
    start = pd.Timestamp("2023-01-15 13:00")
    hours = np.sort(random.integers(0, 24 * 300, events))[random.permutation(events)]
    amount = shift + scale * random.normal(size=events)
    return pd.DataFrame(
        {
            "who": random.integers(0, entities, events) * 7 - 3,
            "time": start + pd.to_timedelta(hours, unit="h"),
            "amount": np.where(random.random(events) < 0.1, np.nan, amount),
            "units": random.integers(1, 5, events),
            "channel": random.choice(
                ["web", "shop", "app", "fax", None], events, p=[0.4, 0.3, 0.15, 0.05, 0.1]
            ),
        }
    )


def aggregator(**changes):
    given = {
        "time": "time",
        "values": ["amount", "units"],
        "categories": ["channel"],
        "windows": list(WINDOWS),
        "max_levels": 2,
    }
    return FactAggregator("who", **given | changes)


def column(key):
    statistic, source, w = key
    suffix = WINDOWS[w]
    if source == "events":
        return statistic + suffix
    if statistic == "level_share":
        category, level = source.split("=")
        return f"{category}_share_{level}{suffix}"
    if statistic == "level_sum":
        value, rest = source.split(":")
        category, level = rest.split("=")
        return f"{value}_sum_{category}_{level}{suffix}"
    return f"{source}_{statistic}{suffix}"


def reference(log, cutoff, gap=0 * DAY, period="month", levels=("web", "shop")):
    """The same facts by pandas alone, one row an entity."""
    end = cutoff - gap
    seen = log[log["time"] < end].sort_values("time", kind="stable")
    rows = {}
    for who, events in seen.groupby("who"):
        found = by_hand.facts(
            log,
            events,
            cutoff,
            end,
            AS_PANDAS,
            PERIODS[period],
            ["amount", "units"],
            ["channel"],
            {"channel": list(levels)},
        )
        rows[who] = {column(key): value for key, value in found.items()}
        for name in ("amount", "units"):
            rows[who][f"{name}_change"] = (
                rows[who][f"{name}_mean_2months"] - rows[who][f"{name}_mean"]
            )
    return pd.DataFrame.from_dict(rows, orient="index")


def assert_close(found, expected, relative=1e-9, absolute=1e-9):
    assert found.index.tolist() == expected.index.tolist()
    assert set(found.columns) == set(expected.columns)
    for name in found:
        ours, theirs = found[name], expected[name].astype(float)
        if name.startswith(("weekday_mean", "hour_mean")):  # a full turn is none
            turn = 7 if name.startswith("weekday") else 24
            assert not (ours >= turn).any()
            theirs = theirs.where((theirs - ours).abs() < turn - 1e-6, theirs - turn)
        np.testing.assert_allclose(ours, theirs, rtol=relative, atol=absolute, err_msg=name)


# Statistics ------------------------------------------------------------------------------------


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_statistic_is_what_pandas_says(seed, period):
    log = make_log(seed)
    cutoff = pd.Timestamp("2023-10-01")
    found = aggregator(period=period).fit_transform(log, cutoff=cutoff)
    assert_close(found, reference(log, cutoff, period=period))


def test_small_spread_on_large_values_keeps_its_digits():
    log = make_log(2, scale=1e-3, shift=1e7)
    cutoff = pd.Timestamp("2023-09-13 05:00")
    found = aggregator().fit_transform(log, cutoff=cutoff)
    names = [n for n in found if n.startswith("amount_") and ("_sd" in n or "change" in n)]
    expected = reference(log, cutoff)
    # The numbers themselves have ten digits below the point fewer than the spread would like.
    exact = log.assign(amount=log["amount"] - 1e7)
    expected[names] = reference(exact, cutoff)[names]
    trend = [name for name in found if name.endswith(("r2", "slope")) or "_r2_" in name]
    assert_close(found.drop(columns=trend), expected.drop(columns=trend))
    assert found["amount_sd"].between(1e-4, 1e-2).all()


def test_line_through_large_equal_totals_keeps_its_digits():
    # One event a month: the totals differ by hundredths and stand at ten millions.
    times = pd.date_range("2022-01-15", periods=24, freq="MS") + 3 * DAY
    wave = np.sin(np.arange(24.0))
    for shift in (0.0, 1e7):
        log = pd.DataFrame({"who": 1, "time": times, "amount": shift + wave})
        found = FactAggregator("who", time="time", values=["amount"]).fit_transform(
            log, cutoff=pd.Timestamp("2024-02-01")
        )
        if shift == 0:
            first = found
    for name in ("amount_slope", "amount_r2"):
        np.testing.assert_allclose(found[name], first[name], rtol=1e-7)


def test_one_event_two_events_and_equal_times():
    moment = pd.Timestamp("2024-01-10 15:30")
    log = pd.DataFrame(
        {
            "who": ["one", "two", "two", "same", "same", "same"],
            "time": [moment, moment, moment + 2 * DAY, moment, moment, moment],
            "amount": [3.0, 1.0, 2.0, 5.0, 7.0, 6.0],
        }
    )
    facts = FactAggregator("who", time="time", values=["amount"]).fit_transform(
        log, cutoff=pd.Timestamp("2024-01-20")
    )
    one, same, two = facts.loc["one"], facts.loc["same"], facts.loc["two"]
    assert one["count"] == 1
    assert np.isnan(one[["amount_sd", "gap_mean", "gap_sd", "amount_diff_mean"]]).all()
    assert one["amount_slope":"amount_r2"].isna().all()  # a single period has no line
    assert two["gap_mean"] == 2
    assert np.isnan(two["gap_sd"])
    assert two["amount_diff_mean"] == 1
    assert same["gap_mean"] == same["gap_sd"] == 0
    assert [same["amount_first"], same["amount_last"]] == [5.0, 6.0]  # as in the log
    assert same["weekday_length"] == same["hour_length"] == 1
    assert same["hour_mean"] == pytest.approx(15)
    assert same["weekday_mean"] == pytest.approx(2)


def test_directions_that_cancel_have_no_mean():
    times = pd.to_datetime(["2024-01-10 06:00", "2024-01-10 18:00"])
    facts = FactAggregator("who", time="time").fit_transform(
        pd.DataFrame({"who": 1, "time": times})
    )
    assert np.isnan(facts.loc[1, "hour_mean"])
    assert facts.loc[1, "hour_length"] == 0
    assert facts.loc[1, "recency"] == 0  # as of the last event


def test_line_counts_empty_periods_as_zero_from_the_first_event_on():
    times = pd.to_datetime(["2023-06-10", "2023-08-20", "2023-08-22"])
    log = pd.DataFrame({"who": 1, "time": times, "amount": [6.0, 3.0, 9.0]})
    facts = FactAggregator("who", time="time", values=["amount"], windows=[None, "1 year"])
    row = facts.fit_transform(log, cutoff=pd.Timestamp("2023-10-01")).loc[1]
    slope, level = np.polyfit([-3, -2, -1, 0], [6.0, 0.0, 12.0, 0.0], 1)
    for suffix in ("", "_1year"):  # the year before the first event is no part of the line
        assert row[f"amount_slope{suffix}"] if suffix == "" else True
    assert row["amount_slope"] == pytest.approx(slope)
    assert row["amount_intercept"] == pytest.approx(level)
    assert row["amount_slope_12months"] == pytest.approx(slope)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "UTC"])
def test_clocks_and_months_are_those_of_the_zone(zone):
    # Through both changes of daylight saving time, every 7 hours.
    moments = pd.date_range("2023-02-20", "2023-11-20", freq="7h", tz="UTC").tz_convert(zone)
    log = pd.DataFrame({"who": 1, "time": moments, "amount": np.arange(len(moments)) % 5.0})
    cutoff = pd.Timestamp("2023-12-01", tz=zone)
    statistics = ["weekday_mean", "hour_mean", "hour_length", "weekend_share", "slope", "recency"]
    facts = FactAggregator("who", time="time", values=["amount"], statistics=statistics)
    row = facts.fit_transform(log, cutoff=cutoff).loc[1]
    hours = np.exp(2j * np.pi * moments.hour.to_numpy() / 24).mean()
    apart = row["hour_mean"] - np.angle(hours) * 24 / (2 * np.pi)
    assert abs((apart + 12) % 24 - 12) < 1e-9
    assert row["weekend_share"] == pytest.approx((moments.day_of_week >= 5).mean())
    assert row["recency"] == pytest.approx((cutoff - moments[-1]) / DAY)
    months = log.set_index(moments.tz_localize(None))["amount"].resample("MS").sum()
    assert row["amount_slope"] == pytest.approx(np.polyfit(np.arange(len(months)), months, 1)[0])


def test_months_that_are_too_short_end_with_their_last_day():
    times = pd.to_datetime(["2023-02-28 10:00", "2023-03-01 00:00", "2023-03-30 23:59"])
    log = pd.DataFrame({"who": 1, "time": times})
    facts = FactAggregator("who", time="time", windows=["1 month"], statistics=["count"])
    cutoffs = pd.DataFrame(
        {"who": 1, "at": pd.to_datetime(["2023-03-31 00:00", "2023-03-28 10:00"])}
    )
    found = facts.fit_transform(log, cutoff=cutoffs)["count_1month"]
    assert found.tolist() == [3.0, 2.0]


def test_statistics_by_name_and_float32():
    log, cutoff = make_log(), pd.Timestamp("2023-10-01")
    full = aggregator().fit_transform(log, cutoff=cutoff)
    some = aggregator(statistics=["r2", "sum", "count"], dtype="float32")
    found = some.fit_transform(log, cutoff=cutoff)
    assert set(some.description_["statistic"]) == {"count", "sum", "r2"}
    assert (found.dtypes == np.float32).all()
    pd.testing.assert_frame_equal(found, full[found.columns].astype(np.float32))
    both = aggregator(statistics=["default"]).fit_transform(log, cutoff=cutoff)
    pd.testing.assert_frame_equal(both, full)


def test_without_times_there_are_counts_and_the_order_of_the_log():
    log = pd.DataFrame({"who": ["b", "a", "b", "b"], "amount": [1.0, 2.0, 4.0, 7.0]})
    facts = FactAggregator("who", values=["amount"], windows=[None, "last 2"])
    found = facts.fit_transform(log)
    assert found.loc["b", "amount_sum_last2"] == 11
    assert found.loc["b", "amount_first"] == 1
    assert not {"recency", "amount_slope"} & set(found)


def test_names_and_description_say_what_a_column_is():
    facts = aggregator(windows=["90D", pd.Timedelta("36h"), "last 6", "3 months", None])
    found = facts.fit_transform(make_log())
    names = {"amount_sum_90d", "amount_sum_36h", "amount_sum_last6", "amount_sum_3months"}
    assert names | {"amount_sum", "channel_share_web_90d", "units_sum_channel_other"} <= set(found)
    assert facts.get_feature_names_out().tolist() == found.columns.tolist()
    described = facts.description_.set_index("column")
    assert described.loc["amount_slope_90d", "statistic"] == "slope"
    assert described.loc["amount_slope_90d", "window"] == "the last 90d"
    assert "line" in described.loc["amount_slope_90d", "meaning"]


def test_columns_that_would_share_a_name_are_numbered():
    log = make_log().assign(channel=lambda f: f["units"].map({1: 1, 2: "1", 3: 1, 4: "1"}))
    found = aggregator(windows=[None]).fit_transform(log)
    assert {"channel_share_1", "channel_share_1_2"} <= set(found)
    assert found.columns.is_unique


def test_windows_without_room_for_a_line_have_none():
    windows = [None, "30D", "2 months", "1 month", "last 1"]
    found = aggregator(windows=windows).fit_transform(make_log())
    lines = {name for name in found if name.startswith("count_slope")}
    assert lines == {"count_slope", "count_slope_2months"}
    weekly = aggregator(windows=windows, period="week").fit_transform(make_log())
    assert {"count_slope_30d", "count_slope_1month"} <= set(weekly)


# Recency, frequency, monetary value ------------------------------------------------------------


def test_marketing_rfm():
    log, cutoff = make_log(), pd.Timestamp("2023-10-01")
    found = aggregator(rfm="marketing").fit_transform(log, cutoff=cutoff)
    groups = log[log["time"] < cutoff].groupby("who")
    np.testing.assert_allclose(found["rfm_recency"], (cutoff - groups["time"].max()) / DAY)
    assert found["rfm_frequency"].tolist() == groups.size().tolist()
    np.testing.assert_allclose(found["rfm_monetary"], groups["amount"].sum(), rtol=1e-12)


def test_lifetimes_rfm_by_hand():
    # Days 0, 0, 3 and 10: two repeat days of 5 and 1.5 + 2.
    days = pd.to_datetime(
        [
            "1997-01-01 08:00",
            "1997-01-01 20:00",
            "1997-01-04 01:00",
            "1997-01-11 02:00",
            "1997-01-11 03:00",
        ]
    )
    log = pd.DataFrame({"who": 1, "time": days, "amount": [9.0, 9.0, 5.0, 1.5, 2.0]})
    facts = FactAggregator("who", time="time", values=["amount"], rfm="lifetimes")
    row = facts.fit_transform(log, cutoff=pd.Timestamp("1997-02-01")).loc[1]
    assert row["rfm_frequency"] == 2
    assert row["rfm_recency"] == 10
    assert row["rfm_T"] == 30  # to 31 January, the last day that is seen
    assert row["rfm_monetary_value"] == 4.25


@pytest.mark.filterwarnings("ignore")  # of an old package with a new pandas
def test_lifetimes_rfm_is_that_of_the_package_on_its_cdnow_sample():
    utils = pytest.importorskip("lifetimes.utils", reason="pip install lifetimes")
    folder = Path(utils.__file__).parent / "datasets"
    names = ["master", "who", "date", "units", "amount"]
    log = pd.read_csv(folder / "CDNOW_sample.txt", sep=r"\s+", header=None, names=names)
    log["date"] = pd.to_datetime(log["date"].astype(str))
    facts = FactAggregator("who", time="date", values=["amount"], rfm="lifetimes")
    ours = facts.fit_transform(log, cutoff="1997-10-01").filter(like="rfm_")
    theirs = utils.summary_data_from_transaction_data(
        log, "who", "date", "amount", observation_period_end="1997-09-30"
    )
    assert ours.index.equals(theirs.index)
    exact = ["rfm_frequency", "rfm_recency", "rfm_T"]
    assert (ours[exact].to_numpy() == theirs[["frequency", "recency", "T"]].to_numpy()).all()
    # pandas 2 and 3 sum in different orders: the last bit of theirs depends on it.
    np.testing.assert_allclose(ours["rfm_monetary_value"], theirs["monetary_value"], rtol=5e-16)
    published = pd.read_csv(folder / "cdnow_customers_summary_with_transactions.csv", index_col=0)
    assert (ours["rfm_frequency"] == published["x"]).all()
    assert ((ours["rfm_recency"] / 7).round(2) == published["t_x"]).all()
    assert ((ours["rfm_T"] / 7).round(2) == published["T"]).all()
    assert (ours["rfm_monetary_value"] - published["zbar"]).abs().max() < 0.0051


# Cut-offs --------------------------------------------------------------------------------------


def test_series_and_pairs_of_cutoffs_are_met_by_identifier():
    log = make_log()
    times = pd.to_datetime(["2023-06-01 00:00", "2023-08-15 12:00", "2023-10-01 00:00"])
    whole = {t: aggregator(categories=()).fit_transform(log, cutoff=t) for t in times}
    who = whole[times[0]].index[[4, 1, 2]]
    series = pd.Series(times, index=who)
    found = aggregator(categories=()).fit_transform(log, cutoff=series)
    assert found.index.tolist() == who.tolist()
    for entity, t in series.items():
        pd.testing.assert_series_equal(found.loc[entity], whole[t].loc[entity])
    pairs = pd.DataFrame(itertools.product(times, who[::-1]), columns=["as_of", "who"])
    found = aggregator(categories=()).fit_transform(log, cutoff=pairs)
    assert found.index.names == ["who", "as_of"]
    assert found.index.tolist() == list(zip(pairs["who"], pairs["as_of"], strict=True))
    for (entity, t), row in found.iterrows():
        pd.testing.assert_series_equal(row, whole[t].loc[entity], check_names=False)
    by_index = aggregator(categories=()).fit_transform(log, cutoff=found.index)
    pd.testing.assert_frame_equal(by_index, found)


def test_events_at_the_cutoff_and_in_the_gap_are_not_seen():
    times = pd.to_datetime(["2024-01-01", "2024-01-05", "2024-01-10", "2024-01-11"])
    log = pd.DataFrame({"who": 1, "time": times, "amount": [1.0, 2.0, 4.0, 8.0]})
    facts = FactAggregator("who", time="time", values=["amount"], windows=[None, "6D"])
    row = facts.fit_transform(log, cutoff="2024-01-11").loc[1]
    assert [row["amount_sum"], row["recency"]] == [7.0, 1.0]
    assert row["amount_sum_6d"] == 6.0  # from the 5th on
    row = clone(facts).set_params(gap="5D").fit_transform(log, cutoff="2024-01-11").loc[1]
    assert [row["amount_sum"], row["recency"]] == [3.0, 6.0]  # recency is to the cut-off
    assert row["amount_sum_6d"] == 3.0  # from the 31st to the 5th: the window ends at the gap


def test_what_was_recorded_later_is_not_known():
    times = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])
    recorded = pd.to_datetime(["2024-01-09", "2024-01-02", "2024-01-10"])
    log = pd.DataFrame({"who": 1, "time": times, "amount": [1.0, 2.0, 4.0], "recorded": recorded})
    facts = FactAggregator("who", time="time", values=["amount"], known_at="recorded")
    sums = {
        day: facts.fit_transform(log, cutoff=day).loc[1, "amount_sum"]
        for day in ("2024-01-09", "2024-01-10", "2024-01-11")
    }
    assert list(sums.values()) == [2.0, 3.0, 7.0]
    late = facts.fit_transform(log, cutoff="2024-01-09").loc[1]
    assert [late["tenure"], late["count"]] == [7.0, 1.0]
    assert facts.fit_transform(log).loc[1, "amount_sum"] == 7.0


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("cutoff_unit", ["s", "ns"])
@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_units_and_zones_do_not_matter(unit, cutoff_unit, zone):
    log = make_log()
    cutoff = pd.Timestamp("2023-10-01 03:00:01")
    if zone is not None:
        log["time"] = log["time"].dt.tz_localize("UTC")
        cutoff = cutoff.tz_localize("UTC").tz_convert(zone)
    expected = aggregator().fit_transform(log, cutoff=cutoff)
    other = log.assign(time=log["time"].dt.as_unit(unit))
    found = aggregator().fit_transform(other, cutoff=cutoff.as_unit(cutoff_unit))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_nanoseconds_beside_the_cutoff_are_told_apart():
    moment = pd.Timestamp("2024-01-01 00:00:00.000000500").as_unit("ns")
    exact = pd.DataFrame({"who": [1, 1], "time": [moment, moment + pd.Timedelta(1, "ns")]})
    facts = FactAggregator("who", time="time", statistics=["count"])
    at = moment + pd.Timedelta(1, "ns")
    assert facts.fit_transform(exact, cutoff=at).loc[1, "count"] == 1
    coarse = pd.DataFrame({"who": [1], "time": [pd.Timestamp("2024-01-01").as_unit("s")]})
    assert facts.fit_transform(coarse, cutoff=moment).loc[1, "count"] == 1
    with pytest.raises(ValueError, match="no event lies before the cut-off"):
        facts.fit_transform(coarse, cutoff=pd.Timestamp("2024-01-01").as_unit("ns"))


def test_dates_before_1677_and_after_2262():
    times = np.array(["0001-01-01", "1500-02-03", "9999-12-31"], dtype="datetime64[s]")
    log = pd.DataFrame({"who": 1, "time": times})
    facts = FactAggregator("who", time="time", windows=[None, "1 year"])
    row = facts.fit_transform(log).loc[1]
    assert row["tenure"] == (times[2] - times[0]) / np.timedelta64(1, "D")
    assert row["active_periods"] == 3


def test_asked_entities_come_in_their_order_and_without_events_as_zero_and_nan():
    log = make_log()
    facts = aggregator().fit(log)
    with pytest.warns(UserWarning, match=r"1 of 3 entities have no events, such as 1000"):
        found = facts.transform(log, entities=pd.Index([4, 1000, -3]))
    assert found.index.tolist() == [4, 1000, -3]
    assert found.index.name == "who"
    assert found.loc[1000, ["count", "amount_sum", "channel_distinct_90d"]].tolist() == [0, 0, 0]
    assert found.loc[1000, ["amount_mean", "recency", "channel_share_web"]].isna().all()
    pd.testing.assert_series_equal(found.loc[4], facts.transform(log).loc[4])


def test_new_events_have_the_levels_of_training():
    log = make_log()
    facts = aggregator().fit(log[log["channel"] != "fax"], cutoff="2023-10-01")
    new = log.assign(channel=log["channel"].replace({"web": "drone", "shop": "mule"}))
    found, before = facts.transform(new), facts.transform(log)
    assert found.columns.tolist() == before.columns.tolist()
    assert (found["channel_share_web"] == 0).all()
    np.testing.assert_allclose(
        found["channel_share_other"],
        before[["channel_share_web", "channel_share_shop", "channel_share_other"]].sum(axis=1),
    )
    np.testing.assert_array_equal(found["channel_distinct"], before["channel_distinct"])


# Leaks -----------------------------------------------------------------------------------------


def tampered(log, hidden, seed):
    """Every way to change what must not be seen: other values, none of it, more of it."""
    random = np.random.default_rng(seed)
    changed = log.copy()
    changed.loc[hidden, "amount"] = random.normal(size=int(hidden.sum())) * 1e6
    changed.loc[hidden, "channel"] = "secret"
    future = log[hidden].assign(who=random.integers(0, 400, int(hidden.sum())))
    more = pd.concat([future, log, future.assign(channel="hidden")], ignore_index=True)
    return {"changed": changed, "removed": log[~hidden], "added": more}


@pytest.mark.parametrize("gap", [None, "20D"])
@pytest.mark.parametrize("how", ["changed", "removed", "added"])
def test_no_bit_depends_on_what_is_at_or_after_the_cutoff(how, gap):
    log = make_log()
    cutoff = log["time"].sort_values().iloc[100]  # the time of an event
    hidden = log["time"] >= cutoff - pd.Timedelta(gap or 0)
    other = tampered(log, hidden, 5)[how]
    make = aggregator(gap=gap, rfm="lifetimes")
    expected = make.fit_transform(log, cutoff=cutoff)
    pd.testing.assert_frame_equal(
        clone(make).fit_transform(other, cutoff=cutoff), expected, check_exact=True
    )
    pd.testing.assert_frame_equal(make.transform(other, cutoff=cutoff), expected, check_exact=True)


@pytest.mark.parametrize("how", ["changed", "removed", "added"])
def test_no_bit_depends_on_what_was_recorded_later(how):
    log = make_log()
    log["recorded"] = log["time"] + pd.to_timedelta(np.arange(len(log)) % 40, unit="D")
    cutoff = pd.Timestamp("2023-09-01")
    hidden = (log["recorded"] >= cutoff) | (log["time"] >= cutoff)
    make = aggregator(known_at="recorded", rfm="marketing")
    expected = make.fit_transform(log, cutoff=cutoff)
    other = tampered(log, hidden, 6)[how]
    pd.testing.assert_frame_equal(
        clone(make).fit_transform(other, cutoff=cutoff), expected, check_exact=True
    )


def test_no_bit_of_an_early_row_depends_on_what_lies_between_its_cutoff_and_a_later_one():
    log = make_log()
    early, late = pd.to_datetime(["2023-06-01", "2023-10-01"])
    who = sorted(log.loc[log["time"] < early, "who"].unique())
    pairs = pd.DataFrame(itertools.product(who, [early, late]), columns=["who", "at"])
    expected = aggregator().fit_transform(log, cutoff=pairs).xs(early, level="at")
    other = tampered(log, (log["time"] >= early).to_numpy(), 7)["changed"]
    found = aggregator().fit_transform(other, cutoff=pairs).xs(early, level="at")
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


# Bits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_bits_do_not_depend_on_threads_or_on_the_order_of_entities(n_jobs):
    log, cutoff = make_log(events=2000, entities=60), pd.Timestamp("2023-10-01")
    expected = aggregator(n_jobs=1).fit_transform(log, cutoff=cutoff)
    found = aggregator(n_jobs=n_jobs).fit_transform(log, cutoff=cutoff)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    by_entity = log.sort_values("who", kind="stable", key=lambda who: who * 31 % 17)
    found = aggregator(n_jobs=n_jobs).fit_transform(by_entity, cutoff=cutoff)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_other_frames_give_the_same_bits():
    polars, arrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    log, cutoff = make_log(), pd.Timestamp("2023-10-01")
    expected = aggregator().fit_transform(log, cutoff=cutoff)
    table = arrow.Table.from_pandas(log, preserve_index=False)
    chunks = arrow.concat_tables([table[:100], table[100:]])
    coded = table.set_column(4, "channel", table["channel"].dictionary_encode())
    for other in (polars.from_pandas(log), table, chunks, coded):
        found = aggregator().fit_transform(other, cutoff=cutoff)
        pd.testing.assert_frame_equal(found, expected, check_exact=True, check_index_type=False)


# scikit-learn, files ---------------------------------------------------------------------------


def test_facts_feed_an_autoencoder(tmp_path):
    facts = aggregator().fit_transform(make_log(entities=60), cutoff="2023-10-01")
    embedding = entivec.AutoEncoder(4, max_steps=5).fit_transform(facts)
    assert embedding.index.equals(facts.index)
    assert embedding.shape == (len(facts), 4)


def test_saved_and_loaded(tmp_path):
    log = make_log()
    facts = aggregator(rfm="lifetimes", gap="3D").fit(log, cutoff="2023-09-01")
    facts.save(tmp_path / "facts")
    again = entivec.load(tmp_path / "facts")
    pd.testing.assert_frame_equal(
        again.transform(log, cutoff="2023-10-01"), facts.transform(log, cutoff="2023-10-01")
    )
    pd.testing.assert_frame_equal(again.description_, facts.description_)


def test_not_fitted():
    with pytest.raises(NotFittedError, match="FactAggregator"):
        aggregator().transform(make_log())


def test_progress_is_shown(capsys):
    aggregator(verbose=True).fit_transform(make_log())
    assert "entivec" in capsys.readouterr().err


# Errors ----------------------------------------------------------------------------------------


def failing(text, log=None, cutoff=None, entities=None, **changes):
    facts = aggregator(**changes)
    with pytest.raises(ValueError, match=text):
        facts.fit_transform(make_log() if log is None else log, cutoff=cutoff, entities=entities)
    assert not hasattr(facts, "description_")


def test_bad_parameters():
    failing("statistic 'median' is unknown; the known are count, recency", statistics=["median"])
    failing("statistics is empty", statistics=[])
    failing("windows holds '90', which is no stretch of time", windows=["90"])
    failing("windows holds 'last 0'", windows=["last 0"])
    failing("windows holds '90D' twice", windows=["90D", "90D"])
    failing("no list of windows", windows=[])
    failing("period holds 'fortnight'", period="fortnight")
    failing("gap holds '-3D'", gap="-3D")
    failing("of no fixed length", gap="1 month")
    failing("statistic 'change' compares windows", statistics=["change"], windows=[None])
    failing("statistic 'slope' needs times", statistics=["slope"], time=None, windows=[None])
    failing("a stretch of time, and time is None", time=None)
    failing("gap is given and time is None", time=None, windows=[None], gap="3D")
    failing("cutoff is given and time is None", time=None, windows=[None], cutoff="2023-10-01")
    failing("'dtype' parameter of FactAggregator", dtype="float16")
    with pytest.raises(ValueError, match="entity is None; name the column"):
        FactAggregator().fit(make_log())


def test_bad_columns():
    log = make_log()
    failing("no column 'amount'.*mean 'amont'", log=log.rename(columns={"amount": "amont"}))
    failing("'who' is in the index of events; give events.reset_index", log=log.set_index("who"))
    failing("events has no rows", log=log[:0])
    failing("events is a builtins.list", log=[1, 2])
    failing("column 'time' should hold times and holds '2023", log=log.astype({"time": str}))
    failing("'time' holds 5, a number", log=log.assign(time=5))
    failing("'amount' holds an infinite value", log=log.assign(amount=np.inf))
    failing("could not convert|should hold numbers", log=log.assign(amount="much"))
    failing("has a list in a cell", log=log.assign(channel=[[1]] * len(log)))
    zoned = log.astype({"time": object})
    zoned.loc[7, "time"] = pd.Timestamp("2023-05-01", tz="UTC")
    failing("mixes times with a zone", log=zoned)
    twice = pd.concat([log, log[["amount"]]], axis=1)
    failing("2 columns are named 'amount'", log=twice)
    failing("missing in 150 events", log=log.assign(known=pd.NaT), known_at="known")


def test_missing_entities_and_times_are_counted_or_refused():
    log = make_log().astype({"who": object})
    log.loc[[3, 9], "who"] = None
    log.loc[[4], "time"] = pd.NaT
    with pytest.warns(UserWarning, match="they are left out") as caught:
        found = aggregator().fit_transform(log)
    assert [str(w.message)[:46] for w in caught] == [
        "column 'who' is missing in 2 of 150 events; th",
        "column 'time' is missing in 1 of 150 events; t",
    ]
    clean = log.drop(index=[3, 4, 9])
    pd.testing.assert_frame_equal(found, aggregator().fit_transform(clean), check_exact=True)
    failing(
        "column 'who' is missing in 2 events, first at row position 3", log=log, missing="error"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        failing("no event with an entity", log=log.assign(who=None))


def test_bad_cutoffs():
    log = make_log()
    who = log["who"].unique()
    failing("cutoff='soon' is no time", cutoff="soon")
    failing("cutoff holds 3|is no time", cutoff=pd.Series(3, index=who))
    failing(
        "cutoff has a time zone .* and events none", cutoff=pd.Timestamp("2023-10-01", tz="UTC")
    )
    zoned = log.assign(time=log["time"].dt.tz_localize("UTC"))
    failing("events has a time zone .* and cutoff none", log=zoned, cutoff="2023-10-01")
    failing("no event lies before the cut-off", cutoff="1999-01-01")
    failing("cutoff is missing for 1 row", cutoff=pd.Series([pd.NaT], index=who[:1]))
    twice = pd.Series(pd.Timestamp("2023-10-01"), index=[4, 4])
    failing("entity 4 stands twice", cutoff=twice)
    failing("entities is empty", entities=[])
    failing("holds numbers in events and text", entities=["a"])
    one = pd.Series(pd.Timestamp("2023-10-01"), index=[4])
    failing("cutoff has no time for 1 of 2 entities, such as -3", cutoff=one, entities=[4, -3])
    failing(
        "cutoff has the columns",
        cutoff=pd.DataFrame({"id": [4], "t": [pd.Timestamp("2023-10-01")]}),
    )


# Any log ---------------------------------------------------------------------------------------

CELLS = {
    "int": st.integers(-(2**62), 2**62),
    "float": st.floats(-1e12, 1e12) | st.just(float("nan")),
    "text": st.text(max_size=3) | st.none(),
    "bool": st.booleans(),
    "tuple": st.tuples(st.integers(0, 2), st.text(max_size=1)) | st.none(),
}


@st.composite
def logs(draw):
    n = draw(st.integers(1, 25))
    column = lambda kind: draw(st.lists(CELLS[kind], min_size=n, max_size=n))  # noqa: E731
    entity = draw(st.sampled_from(["int", "text", "bool", "tuple"]))
    few = draw(st.integers(1, 4))
    pool = draw(st.lists(CELLS[entity].filter(lambda x: x is not None), min_size=few, max_size=few))
    who = [pool[draw(st.integers(0, few - 1))] for _ in range(n)]
    unit = draw(st.sampled_from(["s", "ms", "us", "ns"]))
    span = 10 ** draw(st.integers(0, 9))
    ticks = draw(st.lists(st.integers(-span, span), min_size=n, max_size=n))
    amounts = draw(st.sampled_from(["int", "float", "bool"]))
    index = pd.Index(who, dtype=object, tupleize_cols=False) if entity == "tuple" else who
    return pd.DataFrame(
        {
            "who": pd.Series(list(index), dtype=object if entity == "tuple" else None),
            "time": np.array(ticks).astype(f"datetime64[{unit}]"),
            "amount": column(amounts),
            "channel": pd.Series(column(draw(st.sampled_from(list(CELLS)))), dtype=object),
        }
    )


@settings(max_examples=60, deadline=None)
@given(logs())
def test_any_log_is_aggregated(log):
    facts = FactAggregator(
        "who",
        time="time",
        values=["amount"],
        categories=["channel"],
        windows=[None, "last 2", "1h", "2 months"],
        period="day" if log["time"].dt.year.between(1900, 2100).all() else "year",
        rfm="lifetimes",
    )
    found = facts.fit_transform(log)
    counted = log.groupby(log["who"].map(repr)).size()
    assert found["count"].sum() == len(log)
    assert sorted(found["count"]) == sorted(counted)
    assert len(found.columns) == len(facts.description_)
    with np.errstate(all="ignore"):
        total = log["amount"].astype(float).sum()
        np.testing.assert_allclose(
            found["amount_sum"].sum(),
            total,
            rtol=1e-9,
            atol=1e-9 * log["amount"].astype(float).abs().sum(),
        )
