"""What stands on the page, whoever reads it and with whatever."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats
from sklearn.decomposition import PCA

import entivec
from entivec.reporting import again, chart, coded, groups, html, page, projection, words, worth
from entivec.reporting.subject import read_subject

pytestmark = pytest.mark.slow

ASSETS = Path(page.__file__).parent / "assets"


class Outline(HTMLParser):
    """Elements of a page, and its text without scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, Any]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "elements are nested"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)

    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


def islands(text: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/json" id="([\w-]+)">(.*?)</script>', text, re.S)
    return {name: json.loads(data) for name, data in found}


def test_sections_stand_in_their_order(customers: Any) -> None:
    sections = [a["id"] for tag, a in Outline(customers.report.html).elements if tag == "section"]
    found = ["columns", "training", "map", "clusters", "errors", "latents"]
    assert sections == [*found, "worth", "again"]
    without = Outline(entivec.report(customers.model, customers.X).html).elements
    assert [a["id"] for tag, a in without if tag == "section"] == [*found, "again"]


def test_what_went_in_is_told_by_column(customers: Any) -> None:
    told = "".join(Outline(customers.report.html).text)
    assert all(str(name) in told for name in customers.X.columns)
    assert "planet is constant and tells nothing" in told
    assert "400 rows × 21 columns" in told
    missing = customers.X["satisfaction"].isna().mean()
    assert f"{missing:.0%}".replace("%", " %") in told


def test_many_warnings_alike_are_one(customers: Any) -> None:
    gaps = pd.DataFrame({f"gap{i}": [1.0, 2.0, np.nan, np.nan, np.nan] * 20 for i in range(5)})
    gaps["whole"] = np.arange(100.0)
    made = entivec.report(entivec.AutoEncoder(2, max_steps=5).fit(gaps), gaps)
    told = "".join(Outline(made.html).text)
    assert "5 columns are mostly missing, such as: gap0 is 60 % missing" in told
    assert "gap1 is 60 %" not in told


def test_verdict_is_one_line_beside_pca(customers: Any) -> None:
    verdict = customers.report.verdict
    assert "\n" not in verdict
    assert f"{customers.model.validation_score_:.1%}".replace("%", " %") in verdict
    assert f"{customers.model.pca_validation_score_:.1%}".replace("%", " %") in verdict
    assert verdict in "".join(Outline(customers.report.html).text)
    assert verdict in repr(customers.report)


def test_page_is_one_file_without_styles_of_its_elements(customers: Any) -> None:
    outline = Outline(customers.report.html)
    for tag, attributes in outline.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form", "img")
        assert not {"src", "style", "srcset", "action"} & attributes.keys()
        assert not any(name.startswith("on") for name in attributes)
        assert attributes.get("href", "#").startswith("#")
    assert len(set(outline.ids())) == len(outline.ids())
    assert "data:" not in customers.report.html
    assert "http:" not in customers.report.html.replace("http://www.w3.org", "")
    assert not outline.open


def test_policy_names_every_script_and_the_style(customers: Any) -> None:
    text = customers.report.html
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    allowed = policy[1].replace("&#x27;", "'")
    assert allowed.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in allowed
    scripts = re.findall('<script type="module">(.*?)</script>', text, re.S)
    styles = re.findall(r"<style>(.*?)</style>", text, re.S)
    assert len(scripts) == len(page.SCRIPTS)
    assert all(f"'{html.checksum(part)}'" in allowed for part in scripts + styles)


def test_scripts_are_small_and_know_no_way_to_write_html() -> None:
    scripts = sorted(ASSETS.glob("*.js"))
    assert sum(script.stat().st_size for script in scripts) < 40_000
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(|fetch\(|XMLHttp"
        r"|import\(|localStorage|setAttribute\(\"on"
    )
    for script in scripts:
        text = script.read_text("utf-8")
        assert not forbidden.search(text)


def test_map_holds_every_cell_as_it_was(customers: Any) -> None:
    data = islands(customers.report.html)["data-map"]
    assert data["ids"] == list(customers.X.index)
    assert {column["group"] for column in data["columns"]} == {"Labels", "Found", "Columns"}
    decoded = {column["name"]: _decoded(column) for column in data["columns"]}
    pd.testing.assert_series_equal(
        decoded["loyalty_points"],
        customers.X["loyalty_points"].astype(object).reset_index(drop=True),
        check_dtype=False,
    )
    assert list(decoded["channel"]) == list(customers.X["channel"])
    gaps = customers.X["satisfaction"].isna().to_numpy()
    assert (decoded["satisfaction"].isna() == gaps).all()


def _decoded(column: dict[str, Any]) -> pd.Series[Any]:
    import base64

    kind = np.dtype("u1" if column["bytes"] == 1 else "<u2")
    codes = np.frombuffer(base64.b64decode(column["codes"]), kind)
    levels = np.array([None, *column["levels"]], dtype=object)
    return pd.Series(levels[codes], name=column["name"])


def test_neighbours_are_those_of_the_embedding(customers: Any) -> None:
    codes = customers.model.transform(customers.X)
    found = chart.nearest(codes.to_numpy(), 3)
    expected = entivec.evaluate.neighbours(codes, codes.index[7], n=3)["neighbour"]
    assert list(codes.index[found[7]]) == list(expected)


def test_worth_is_that_of_downstream_with_intervals(customers: Any) -> None:
    subject = read_subject(customers.model, customers.X, customers.y, 0)
    churned, spend = worth.measure(subject)
    assert (churned.found.metric, spend.found.metric) == ("auc", "r2")
    text = customers.report.html
    for one in (churned, spend):
        for value in one.found.summary.to_numpy().ravel():
            assert f">{value:.3f}</td>" in text
    first = churned.found.differences.iloc[0]
    reach = stats.t.ppf(0.975, worth.FOLDS - 1) * first["standard_error"]
    low, high = first["difference"] - reach, first["difference"] + reach
    assert f"{words.signed(low)} to {words.signed(high)}" in text
    best = churned.found.summary.max(axis=1)
    assert f"it predicts churned with AUC {best['embedding']:.3f}" in customers.report.verdict
    # Whatever the report's model has seen, that of a fold is fitted anew and as wide.
    assert churned.found.summary.index.tolist() == ["raw", "PCA", "embedding", "raw + embedding"]


def test_labels_that_cannot_be_predicted_are_told_so(customers: Any) -> None:
    names = pd.Series([f"name {i}" for i in range(400)], customers.X.index, name="name")
    made = entivec.report(customers.model, customers.X, names)
    assert "Not measured: a class of y has 1 row(s)" in made.html
    assert "predicts" not in made.verdict


def test_oddest_row_comes_first_with_its_reason(customers: Any) -> None:
    X = customers.X.copy()
    X.iloc[11, X.columns.get_loc("loyalty_points")] = 10**8
    text = entivec.report(customers.model, X).html
    table = text[text.index('aria-label="The oddest rows"') :]
    first = table[table.index("<tbody>") : table.index("</tr>", table.index("<tbody>"))]
    assert X.index[11] in first
    assert "<bdi>loyalty_points</bdi> is <bdi>100,000,000</bdi> where" in first


def test_clusters_are_told_by_what_marks_them() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1], [140, 60])
    X = pd.DataFrame(
        {
            "spend": np.where(group, 900, 10) + rng.normal(size=200),
            "visits": np.where(group, 1, 30) + rng.normal(size=200),
            "channel": np.where(group, "shop", "web"),
        }
    )
    model = entivec.AutoEncoder(2, max_steps=60).fit(X)
    text = "".join(Outline(entivec.report(model, X).html).text)
    assert "2 clusters have the highest silhouette" in text
    assert "channel web in 100 % (all rows 70 %)" in text
    assert re.search(r"spend high: (899|9\d\d)(\.\d+)? \(all rows 10", text)


def test_what_few_rows_of_a_cluster_have_does_not_mark_it() -> None:
    rare = np.full(200, np.nan)
    rare[:4] = 1000.0  # of the first group
    rare[100:] = np.random.default_rng(0).normal(size=100)
    X = pd.DataFrame({"rare": rare, "often": np.repeat([0.0, 1.0], 100)})
    subject = read_subject(entivec.AutoEncoder(1, max_steps=5).fit(X), X, None, 0)
    told = groups.Traits(subject).of(np.arange(200) < 100)
    assert "often" in told
    assert "<bdi>rare</bdi> missing in 96 % (all rows 48 %)" in told
    assert "rare</bdi> high" not in told


def test_same_seed_same_page(customers: Any) -> None:
    model, X, _, _ = customers
    assert entivec.report(model, X).html == entivec.report(model, X).html


def test_rows_beyond_the_most_are_sampled_and_it_is_said(customers: Any) -> None:
    text = entivec.report(customers.model, customers.X, max_rows=50, random_state=3).html
    data = islands(text)["data-map"]
    assert len(data["ids"]) == 50
    assert "A random sample of 50 of the 400 rows (seed 3)" in text
    assert "max_rows=50, random_state=3" in text


def test_wide_tables_are_drawn_by_fewer_rows_with_every_column() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(3000, 600)).astype(np.float32)).add_prefix("x")
    model = entivec.AutoEncoder(2, max_steps=1).fit(X)
    subject = read_subject(model, X, None, 0)
    together = groups.Groups(np.ones(3000, int), pd.Series(dtype=float))
    rows, columns = chart._columns(subject, together, 20_000)
    assert len(columns) == 602
    assert chart.FEWEST_ROWS <= len(rows) < 3000
    assert not columns[-1].coded.exact
    text = chart.section(subject, together, 20_000, "pca").data["map"]
    assert len(json.dumps(text)) < 2 * chart.MOST_BYTES


def test_arrays_and_sparse_matrices_have_pages_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(60, 5))
    counts = sparse.csr_matrix(rng.poisson(0.5, size=(60, 8)))
    for X in (dense, counts):
        model = entivec.AutoEncoder(3, max_steps=10).fit(X)
        entivec.report(model, X, rng.integers(0, 2, 60), tmp_path / "page.html")
        assert "60 rows" in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", entivec.estimators.estimators_of("rows"))
def test_every_estimator_over_rows_has_a_page(name: str) -> None:
    customers = entivec.datasets.make_customers(120, random_state=0).customers
    X = customers[["age", "channel", "income"]]
    model = getattr(entivec, name)(2, max_steps=5).fit(X)
    assert name in entivec.report(model, X).html


def test_partly_fitted_and_tiny_tables_have_pages() -> None:
    X = entivec.datasets.make_customers(6, random_state=0).customers[["age", "tenure_months"]]
    model = entivec.AutoEncoder(1).partial_fit(X)
    assert "few to judge by" in entivec.report(model, X).html
    same = pd.DataFrame({"a": [1.0, 1, 1, 1], "b": [1.0, 1, 1, 2]})
    assert entivec.report(entivec.AutoEncoder(1, max_steps=1).fit(same), same.iloc[:3]).html


def test_frames_of_an_entity_embedder_have_a_page() -> None:
    orders = entivec.datasets.make_orders(120, random_state=0)
    customers = orders.groupby("customer_id")["channel"].agg(first_channel="first").reset_index()
    frames = {"customers": customers, "orders": orders}
    model = entivec.EntityEmbedder("customer_id", model="linear", n_components=4).fit(frames)
    often = orders["customer_id"].value_counts() > 8
    y = often.rename("often").iloc[:90]  # others have no label
    made = entivec.report(model, frames, y)
    text = "".join(Outline(made.html).text)
    assert "4 numbers a row keep" in made.verdict
    assert "of 2 frames say" in made.verdict
    assert "it predicts often with AUC" in made.verdict
    assert "customers.first_channel" in text
    assert "model = entivec.EntityEmbedder(entity='customer_id'" in text
    assert f"'orders': ...,  # {len(orders):,} rows × {orders.shape[1]} columns" in text
    assert again.checksum(orders) in text
    data = islands(made.html)["data-map"]
    assert data["ids"] == list(model.join(frames).index)
    assert _decoded(data["columns"][0]).isna().sum() == len(data["ids"]) - 90
    with pytest.raises(ValueError, match="give a Series or DataFrame indexed by 'customer_id'"):
        entivec.report(model, frames, y.to_numpy())
    with pytest.raises(ValueError, match="no 'customer_id' of y, such as 0, is in the frames"):
        entivec.report(model, frames, y.reset_index(drop=True))


def test_mistakes_are_named(customers: Any) -> None:
    model, X, y, _ = customers
    with pytest.raises(TypeError, match=r"must be a fitted estimator over rows.* got a PCA"):
        entivec.report(PCA(), X)
    with pytest.raises(ValueError, match="y must have one row per row of X: expected 400, got 399"):
        entivec.report(model, X, y.iloc[1:])
    with pytest.raises(ValueError, match="'age' is a column of X and of y"):
        entivec.report(model, X, X["age"])
    with pytest.raises(ValueError, match="projection must be one of pca, tsne, umap; got 'mds'"):
        entivec.report(model, X, projection="mds")
    with pytest.raises(ValueError, match="max_rows must be a whole number from 1 to 65,535; got 0"):
        entivec.report(model, X, max_rows=0)
    with pytest.raises(FileNotFoundError, match="the folder nowhere does not exist; make it first"):
        entivec.report(model, X, path="nowhere/report.html")


def test_labels_are_met_by_index(customers: Any) -> None:
    turned = read_subject(customers.model, customers.X, customers.y.iloc[::-1], 0)
    assert turned.labels.equals(customers.y)


# Parts -----------------------------------------------------------------------------------------


def test_islands_cannot_be_left() -> None:
    text = html.island("x", {"a": "</script><!--&\u2028\u2029\x00\ud800"})
    assert text.count("<") == 2
    assert "&" not in text
    assert json.loads(text[text.index("{") : text.rindex("}") + 1])["a"].startswith(
        "</script><!--&"
    )


def test_text_is_escaped_and_markup_is_not() -> None:
    inner = html.tag("b", "<&>")
    assert html.tag("p", inner, "'", title='"><x') == (
        '<p title="&quot;&gt;&lt;x"><b>&lt;&amp;&gt;</b>&#x27;</p>'
    )
    assert html.clean("y" * 200) == "y" * 79 + "… (200 characters)"


@pytest.mark.parametrize(
    ("column", "kind", "levels"),
    [
        (pd.Series([3, 1, 3], dtype="Int64"), "number", [1, 3]),
        (pd.Series([True, False, True]), "level", ["True", "False"]),
        (pd.Series(pd.to_datetime(["1970-01-03", None, "1970-01-02"])), "date", [1, 2]),
        (pd.Series(pd.Categorical(["b", "c", "b"], ["c", "b"], ordered=True)), "level", ["c", "b"]),
        (pd.Series(pd.arrays.SparseArray([0.0, 0, 2])), "number", [0, 2]),
        (pd.Series([["x"], None, {"y": 1}]), "level", ["['x']", "{'y': 1}"]),
    ],
)
def test_columns_are_coded_by_type(column: Any, kind: str, levels: list[Any]) -> None:
    found = coded.code(column, 100)
    assert (found.kind, found.levels, found.exact) == (kind, levels, True)
    assert ((found.codes == 0) == column.isna()).all()


def test_many_levels_are_rounded_or_cut_and_it_is_said() -> None:
    numbers = coded.code(pd.Series(np.random.default_rng(0).normal(size=5000)), 50)
    assert len(numbers.levels) <= 50
    assert not numbers.exact
    names = coded.code(pd.Series([f"name {i}" for i in range(300)] + ["often"] * 9), 10)
    assert names.levels[0] == "often"
    assert names.levels[-1] == "…"
    assert len(names.levels) == 10


def test_coordinates_keep_their_proportions() -> None:
    plane = np.random.default_rng(0).normal(size=(3000, 2)) * [1, 8]
    places = projection.quantised(plane).astype(float)
    spread = places.std(axis=0) * [projection.ASPECT, 1]
    assert spread[1] / spread[0] == pytest.approx(8, rel=0.1)


def test_other_projections_run() -> None:
    codes = np.random.default_rng(0).normal(size=(40, 4))
    plane, how = projection.project(codes, "tsne", 0)
    assert plane.shape == (40, 2)
    assert "seed 0" in how
    with pytest.raises(ImportError, match="pip install umap-learn"):
        _without_umap(codes)


def _without_umap(codes: Any) -> None:
    import sys
    from unittest import mock

    with mock.patch.dict(sys.modules, {"umap": None}):
        projection.project(codes, "umap", 0)


def test_checksums_tell_tables_apart() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [["x"], None]})
    assert again.checksum(frame) == again.checksum(frame.copy())
    assert again.checksum(frame) != again.checksum(frame.assign(a=[1, 3]))
    assert again.checksum(frame) != again.checksum(frame.rename(columns={"a": "c"}))
    assert again.checksum(frame) != again.checksum(frame.set_axis([5, 6]))
