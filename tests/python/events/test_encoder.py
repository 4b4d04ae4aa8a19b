"""The codec of events: order, keys, times, vocabularies, joint tokens, other frames, errors."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import entivec
from entivec import EventEncoder


def encoded(log, entity="who", **parameters):
    encoder = EventEncoder(entity, **parameters)
    return encoder, encoder.fit_transform(log)


def make_log(n=500, seed=0):
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "who": random.choice(["ann", "bob", "eve", "zoe"], n),
            "day": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(random.integers(0, 40, n), unit="D"),
            "event": random.choice(["view", "buy", None], n, p=[0.7, 0.2, 0.1]),
            "page": random.integers(0, 30, n),
            "price": np.where(random.random(n) < 0.2, np.nan, random.gamma(2.0, 10.0, n)),
        }
    )


# Order -----------------------------------------------------------------------------------------


def test_events_are_sorted_by_entity_time_and_place_in_the_log():
    log = make_log()
    _, blocks = encoded(log, time="day", values=["price", "page"])
    order = log.reset_index().sort_values(["who", "day", "index"]).index
    assert blocks.rows.tolist() == order.tolist()
    assert blocks.entities.tolist() == ["ann", "bob", "eve", "zoe"]
    assert np.diff(blocks.offsets).tolist() == log.groupby("who").size().tolist()
    np.testing.assert_array_equal(vars(blocks)["values"], log.loc[order, ["price", "page"]])
    seconds = (log.loc[order, "day"] - pd.Timestamp(0)) / pd.Timedelta(1, "s")
    np.testing.assert_array_equal(blocks.seconds, seconds)
    assert blocks.codes.shape == (500, 0)


def test_without_times_events_keep_their_order():
    log = make_log()
    _, blocks = encoded(log)
    assert blocks.rows.tolist() == log.reset_index().sort_values(["who", "index"]).index.tolist()
    with pytest.raises(ValueError, match="these events have no times"):
        _ = blocks.seconds


def test_a_sorted_log_is_left_as_it_is():
    log = make_log().sort_values(["who", "day"], kind="stable", ignore_index=True)
    _, blocks = encoded(log, time="day")
    assert blocks.rows.tolist() == list(range(len(log)))


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_threads_do_not_show(n_jobs):
    log = make_log(200_000)
    expected = encoded(log, time="day", categories=["page"], values=["price"], n_jobs=1)[1]
    found = encoded(log, time="day", categories=["page"], values=["price"], n_jobs=n_jobs)[1]
    for name in ("rows", "offsets", "times", "codes", "values"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_whole_numbers_are_times_too():
    log = pd.DataFrame({"who": [1, 1, 1], "step": [30, 10, 20]})
    _, blocks = encoded(log, time="step")
    assert blocks.times.tolist() == [10, 20, 30]
    assert blocks.unit is None
    assert blocks.seconds.tolist() == [10.0, 20.0, 30.0]
    with pytest.raises(ValueError, match="a time that is no whole number"):
        encoded(log.assign(step=[30.0, 10.5, 20.0]), time="step")


# Keys ------------------------------------------------------------------------------------------

BIG = 2**53

KEYS = {
    "text": pd.Series(["b", "a", None, "b", "é", ""], dtype="str"),
    "objects": pd.Series(["b", "a", None, "b", "é", ""], dtype=object),
    "large integers": pd.Series([BIG + 1, BIG, 7, BIG + 1, -BIG - 1, BIG + 2]),
    "nullable": pd.Series([BIG + 1, BIG, None, BIG + 1, 3, BIG + 2], dtype="Int64"),
    "unsigned": pd.Series([2**64 - 1, 2**64 - 2, 0, 2**64 - 1, 5, 6], dtype="uint64"),
    "floats": pd.Series([17850.0, 2.5, np.nan, 17850.0, -1.0, 0.0]),
    "categories": pd.Series(["b", "a", None, "b", "c", "a"]).astype("category"),
    "dates": pd.Series(
        pd.to_datetime(["2024-01-02", "2024-01-01", None, "2024-01-02", "1970-01-01", "2030-01-01"])
    ),
    "tuples": pd.Series([(1, "b"), (1, "a"), None, (1, "b"), (0, "z"), (2,)]),
    "mixed": pd.Series([1, "1", None, 1, (1,), 2.5], dtype=object),
    "small integers": pd.Series([3, -3, 0, 3, 1, 2], dtype="int8"),
    "flags": pd.Series([True, False, None, True, False, True], dtype="boolean"),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.filterwarnings("ignore:column 'who' is missing")
def test_keys_of_any_type_are_exact(kind):
    keys = KEYS[kind]
    log = pd.DataFrame({"who": keys, "x": np.arange(6.0)})
    _, blocks = encoded(log, values=["x"])
    found = {}
    for entity, first, last in zip(
        blocks.entities, blocks.offsets, blocks.offsets[1:], strict=False
    ):
        found[entity] = blocks.rows[first:last].tolist()
    expected = {}
    for row, key in enumerate(keys.tolist()):
        if not (key is None or key is pd.NA or key is pd.NaT or key != key):
            expected.setdefault(key, []).append(row)
    assert found == expected
    assert len(blocks.entities) == len(expected)


def test_order_of_keys_does_not_depend_on_the_log():
    for keys in (KEYS["mixed"], KEYS["text"], KEYS["tuples"]):
        log = pd.DataFrame({"who": keys.dropna()})
        forward, backward = encoded(log)[1].entities, encoded(log[::-1])[1].entities
        assert forward.tolist() == backward.tolist()


def test_missing_keys_are_counted_or_refused():
    log = pd.DataFrame(
        {"who": ["a", None, "b", None], "day": pd.to_datetime(["2024"] * 3 + [None])}
    )
    with pytest.warns(UserWarning, match="column 'who' is missing in 2 of 4 events"):
        _, blocks = encoded(log)
    assert blocks.rows.tolist() == [0, 2]
    with pytest.raises(ValueError, match="'who' is missing in 2 events, first at"):
        encoded(log, missing="error")
    late = log.fillna({"who": "c"})
    with pytest.warns(UserWarning, match="column 'day' is missing in 1 of 4"):
        _, blocks = encoded(late, time="day")
    assert blocks.entities.tolist() == ["a", "b", "c"]


# Vocabularies ----------------------------------------------------------------------------------


def test_codes_go_by_frequency():
    log = make_log()
    encoder, blocks = encoded(log, categories=["event", "page"], min_count=10, max_items=12)
    events = log["event"].to_numpy()[blocks.rows]
    np.testing.assert_array_equal(
        blocks.codes[:, 0], pd.Series(events).map({"view": 2, "buy": 3}).fillna(0)
    )
    counts = Counter(log["page"])
    kept = sorted((page for page in counts if counts[page] >= 10), key=lambda p: (-counts[p], p))[
        :12
    ]
    assert encoder.vocabulary(1)["name"].tolist() == [None, "other", *kept]
    assert encoder.vocabulary(1)["count"].tolist()[2:] == [counts[page] for page in kept]
    assert encoder.vocabulary(1)["count"].sum() == len(log)
    pages = log["page"].to_numpy()[blocks.rows]
    expected = [page if page in kept else "other" for page in pages]
    assert encoder.inverse(blocks.codes[:, 1], 1).tolist() == expected


def test_new_levels_are_other_and_old_ones_keep_their_codes():
    log = make_log()
    encoder, _ = encoded(log, categories=["page", "event"])
    new = pd.DataFrame({"who": "new", "page": [3, 99, 4], "event": ["buy", None, "fly"]})
    codes = encoder.transform(new).codes
    assert encoder.inverse(codes[:, 0], 0).tolist() == [3, "other", 4]
    assert encoder.inverse(codes[:, 1], 1).tolist() == ["buy", None, "other"]
    with pytest.raises(ValueError, match="'page' held numbers in training and now holds 'x'"):
        encoder.transform(new.assign(page="x"))
    with pytest.raises(ValueError, match="codes holds 40; category 1 has the codes 0 to 3"):
        encoder.inverse([40], 1)


def test_numbers_are_cut_at_training_quantiles():
    log = make_log()
    encoder, blocks = encoded(log, categories=["price", "page"], bins=4, cut=["page"])
    prices = log["price"].to_numpy()[blocks.rows]
    edges = np.quantile(log["price"].dropna(), [0.25, 0.5, 0.75])
    names = encoder.inverse(blocks.codes[:, 0], 0)
    labels = [
        f"below {edges[0]:g}",
        f"{edges[0]:g} to {edges[1]:g}",
        f"{edges[1]:g} to {edges[2]:g}",
        f"from {edges[2]:g}",
    ]
    for price, name in zip(prices, names, strict=True):
        expected = None if np.isnan(price) else labels[np.searchsorted(edges, price, side="right")]
        assert name == expected
    assert len(encoder.vocabulary(1)) == 6  # missing, other, four bins of whole numbers
    again = encoder.transform(log)
    np.testing.assert_array_equal(again.codes, blocks.codes)


def joint_by_hand(rows, min_count):
    """Tokens of rows of values: the longest prefix that enough rows share, longer ones apart."""
    token = [None if all(v is None for v in row) else "other" for row in rows]
    waiting = {at for at, t in enumerate(token) if t == "other"}
    for depth in range(len(rows[0]), 0, -1):
        counts = Counter(rows[at][:depth] for at in waiting)
        for at in list(waiting):
            prefix = rows[at][:depth]
            if counts[prefix] >= min_count and any(v is not None for v in prefix):
                token[at] = prefix
                waiting.remove(at)
    return token


@pytest.mark.parametrize("min_count", [1, 3, 8, 400])
def test_rare_joint_tokens_drop_columns_from_the_right(min_count):
    log = make_log()
    log.loc[::9, "page"] = 3
    given = ["event", "page", "price"]
    encoder, blocks = encoded(log, categories=[given, "event"], min_count=min_count, bins=3)
    single = EventEncoder("who", categories=given, bins=3)
    columns = single.fit_transform(log).codes.T
    values = [single.inverse(column, at) for at, column in enumerate(columns)]
    expected = joint_by_hand(list(zip(*values, strict=True)), min_count)
    assert encoder.inverse(blocks.codes[:, 0]).tolist() == expected
    counts = encoder.vocabulary(0)["count"].to_numpy()[2:]
    assert (np.diff(counts) <= 0).all()
    assert (counts >= min_count).all()
    np.testing.assert_array_equal(encoder.transform(log).codes, blocks.codes)


def test_joint_tokens_beyond_the_most_back_off_too():
    log = make_log()
    encoder, blocks = encoded(log, categories=[["event", "page"]], max_items=5, min_count=2)
    assert len(encoder.vocabulary()) <= 7
    tokens = set(encoder.vocabulary()["name"][2:])
    shown = encoder.inverse(blocks.codes[:, 0])
    for event, page, token in zip(
        log["event"].to_numpy(dtype=object)[blocks.rows],
        log["page"].to_numpy()[blocks.rows],
        shown,
        strict=True,
    ):
        event = None if pd.isna(event) else event
        prefixes = [t for t in ((event, page), (event,)) if t in tokens]
        assert token == (prefixes[0] if prefixes else "other")
    unseen = pd.DataFrame({"who": "x", "event": ["view", "fly"], "page": [777, 777]})
    codes = encoder.transform(unseen).codes[:, 0]
    assert encoder.inverse(codes).tolist()[1] == "other"


# Frames, files, errors -------------------------------------------------------------------------


def test_arrow_frames_are_read_like_pandas():
    polars, arrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    duckdb = pytest.importorskip("duckdb")
    log = make_log()
    given = {"time": "day", "categories": ["event", ["event", "page"]], "values": ["price"]}
    _, expected = encoded(log, **given)
    table = arrow.Table.from_pandas(log, preserve_index=False)
    pieces = arrow.concat_tables([table[:10], table[10:]])
    date32 = table.set_column(1, "day", table["day"].cast(arrow.date32()))
    frame = polars.from_pandas(log)
    coded = frame.with_columns(polars.col("event").cast(polars.Categorical))
    for other in (table, pieces, date32, frame, coded, duckdb.sql("select * from pieces")):
        _, found = encoded(other, **given)
        assert found.entities.tolist() == expected.entities.tolist()
        for name in ("rows", "offsets", "times", "codes", "values"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_saved_and_loaded(tmp_path):
    log = make_log()
    tokens = ["event", "price", ["event", "page", "price"], "day"]
    encoder, blocks = encoded(log, time="day", categories=tokens, min_count=4)
    encoder.save(tmp_path / "events")
    again = entivec.load(tmp_path / "events")
    np.testing.assert_array_equal(again.transform(log).codes, blocks.codes)
    pd.testing.assert_frame_equal(again.vocabulary(2), encoder.vocabulary(2))


def test_a_failed_fit_leaves_the_encoder_as_it_was():
    log = make_log()
    encoder, blocks = encoded(log, categories=["event"], values=["price"])
    with pytest.raises(ValueError, match="'price' holds an infinite value"):
        encoder.fit(log.assign(price=np.inf, event="other"))
    np.testing.assert_array_equal(encoder.transform(log).codes, blocks.codes)


def test_hostile_input():
    log = make_log()
    for text, bad, parameters in [
        ("no column 'wen'", log, {"time": "wen"}),
        ("events is a", {"who": [1]}, {}),
        ("has a dict in a cell", log.assign(event=[{}] * len(log)), {"categories": ["event"]}),
        ("holds an empty list", log, {"categories": [[]]}),
        ("is named in cut= and holds no numbers", log, {"categories": ["event"], "cut": ["event"]}),
        ("out of range", log.assign(day=2**62), {"time": "day"}),
        ("should hold times and holds 'x'", log.assign(day="x"), {"time": "day"}),
        ("'min_count' parameter of EventEncoder", log, {"min_count": 0}),
        ("'categories' parameter of EventEncoder", log, {"categories": "event"}),
    ]:
        with pytest.raises(ValueError, match=text):
            encoded(bad, **parameters)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-3, 3), st.integers(-(2**40), 2**40), st.sampled_from("abc") | st.none()
        ),
        min_size=1,
        max_size=60,
    )
)
def test_any_log_is_encoded_and_named_again(rows):
    log = pd.DataFrame(rows, columns=["who", "t", "what"])
    encoder, blocks = encoded(log, time="t", categories=["what", ["what", "who"]])
    order = log.reset_index().sort_values(["who", "t", "index"]).index
    assert blocks.rows.tolist() == order.tolist()
    named = encoder.inverse(blocks.codes[:, 0]).tolist()
    assert named == [None if pd.isna(v) else v for v in log.loc[order, "what"]]
