"""The page in a real browser: headless Chromium, without a network."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import entivec
from entivec.reporting.words import number

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium"),
    pytest.mark.filterwarnings("default"),  # the driver warns about itself
    pytest.mark.filterwarnings("ignore:column :UserWarning"),
]
SANDBOX = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
INK = """canvas => {
  const cells = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let ink = 0, sum = 0;
  for (let i = 0; i < cells.length; i += 4) if (cells[i + 3] > 0) {
    ink += 1; sum = (sum * 31 + cells[i] + 7 * cells[i + 1] + 49 * cells[i + 2]) % 1000003;
  }
  return [ink, sum];
}"""
READ_BACK = "willReadFrequently"  # what the browser says of a test that reads pixels
# A point that lies alone, in pixels from the canvas's corner.
ALONE = """canvas => {
  const [w, h] = [canvas.width, canvas.height];
  const cells = canvas.getContext("2d").getImageData(0, 0, w, h).data;
  for (let y = 40; y < h - 40; y += 1) for (let x = 40; x < w - 40; x += 1)
    if (cells[4 * (y * w + x) + 3] > 150)
      return [x * canvas.clientWidth / w, y * canvas.clientHeight / h];
  return null;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=SANDBOX)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open a page of HTML; it must ask for nothing and complain of nothing."""
    contexts, asked, said, expected = [], [], [], [READ_BACK]

    def opened(html: str, complaint: str = READ_BACK, **options: Any) -> Any:
        expected.append(complaint)
        file = tmp_path / "page.html"
        file.write_text(html, encoding="utf-8")
        size = {"width": 1200, "height": 900}
        contexts.append(browser.new_context(offline=True, viewport=size, **options))
        page = contexts[-1].new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("file:", "about:"))] == []
    assert [text for text in said if not re.search("|".join(expected), text)] == []


def ink(page: Any) -> tuple[int, int]:
    return tuple(page.locator("#canvas").evaluate(INK))


def row_beside(page: Any) -> str:
    return str(page.locator("#panel h3").inner_text())


def test_map_is_drawn_and_replaces_the_picture(visit: Any, customers: Any) -> None:
    page = visit(customers.report.html)
    assert page.title() == "AutoEncoder of 400 rows"
    assert page.locator("#canvas").is_visible()
    assert not page.locator("#static").is_visible()
    assert ink(page)[0] > 1000


def test_colour_is_chosen_among_labels_findings_and_columns(visit: Any, customers: Any) -> None:
    page = visit(customers.report.html)
    offered = page.locator("#colour option").all_inner_texts()
    findings = ["cluster", "reconstruction error"]
    assert offered == ["churned", "next_year_spend", *findings, *customers.X.columns]
    assert page.locator("#legend li").all_inner_texts() == ["False", "True"]
    before = ink(page)
    page.select_option("#colour", label="channel")
    frequent = list(customers.X["channel"].value_counts().index)
    assert page.locator("#legend li").all_inner_texts() == frequent
    levels = ink(page)
    page.select_option("#colour", label="income")
    assert page.locator("#legend .ramp i").count() == 8
    income = customers.X["income"].dropna()
    assert page.locator("#legend .ends span").first.inner_text() == number(income.min())
    assert len({before, levels, ink(page)}) == 3
    page.select_option("#colour", label="satisfaction")
    scale = sorted(customers.X["satisfaction"].dropna().unique())
    shown = page.locator("#legend li").all_inner_texts()
    assert shown[: len(scale)] == [number(value) for value in scale]
    assert page.locator("#legend .ramp").count() == 0


def test_hover_shows_the_typed_values_of_a_row(visit: Any, customers: Any) -> None:
    page = visit(customers.report.html)
    x, y = page.locator("#canvas").evaluate(ALONE)
    assert not page.locator("#tip").is_visible()
    page.hover("#canvas", position={"x": x, "y": y})
    name = page.locator("#tip b").inner_text()
    shown = dict(
        zip(
            page.locator("#tip dt").all_inner_texts(),
            page.locator("#tip dd").all_inner_texts(),
            strict=True,
        )
    )
    row = customers.X.loc[name]
    assert shown["churned"] == str(customers.y.loc[name, "churned"])
    assert shown["country"] == row["country"]
    assert shown["age"] == ("missing" if np.isnan(row["age"]) else f"{row['age']:.0f}")
    page.mouse.move(5, 5)
    assert not page.locator("#tip").is_visible()


def test_click_lists_values_and_nearest_neighbours(visit: Any, customers: Any) -> None:
    page = visit(customers.report.html)
    x, y = page.locator("#canvas").evaluate(ALONE)
    before = ink(page)
    page.click("#canvas", position={"x": x, "y": y})
    name = row_beside(page)
    assert ink(page) != before
    codes = customers.model.transform(customers.X)
    nearest = list(entivec.evaluate.neighbours(codes, name, n=6)["neighbour"])
    assert page.locator("#panel button").all_inner_texts() == nearest
    values = page.locator("#panel dd").all_inner_texts()
    signup = customers.X.loc[name, "signup_date"]
    assert f"{signup:%Y-%m-%d}" in values
    page.locator("#panel button").first.click()
    assert row_beside(page) == nearest[0]


def test_rows_are_found_by_id(visit: Any, customers: Any) -> None:
    page = visit(customers.report.html)
    page.fill("#search", "C00001")
    assert page.locator("#ids option").count() == 20
    page.fill("#search", "C0000123")
    page.press("#search", "Enter")
    assert row_beside(page) == "C0000123"
    page.fill("#search", "nobody")
    page.press("#search", "Enter")
    assert "No row “nobody” among the 400" in page.locator("#panel").inner_text()


def test_map_is_used_by_keyboard_alone(visit: Any, customers: Any) -> None:
    page = visit(customers.report.html)
    page.keyboard.press("Tab")
    assert page.locator(".skip").evaluate("link => link === document.activeElement")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "canvas":
            break
    page.keyboard.press("ArrowRight")
    first = row_beside(page)
    page.keyboard.press("ArrowRight")
    second = row_beside(page)
    page.keyboard.press("ArrowUp")
    assert len({first, second, row_beside(page)}) == 3
    whole = ink(page)
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert ink(page) != whole
    page.keyboard.press("0")
    assert ink(page) == whole
    page.keyboard.press("Escape")
    assert not page.locator("#panel").is_visible()


def test_zoomed_map_is_dragged(visit: Any, customers: Any) -> None:
    page = visit(customers.report.html)
    whole = ink(page)
    page.click("#nearer")
    page.click("#nearer")
    before = ink(page)
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 150, steps=3)
    page.mouse.up()
    assert ink(page) != before
    page.click("#whole")
    assert ink(page) == whole


def test_tables_are_sorted_and_searched(visit: Any, customers: Any) -> None:
    page = visit(customers.report.html)
    table = page.locator("#errors table").nth(1)
    table.locator("thead button").first.click()
    names = table.locator("tbody th").all_inner_texts()
    assert names == sorted(names)
    assert table.locator("thead th").first.get_attribute("aria-sort") == "ascending"
    table.locator("thead button").nth(1).click()
    errors = [float(text) for text in table.locator("tbody td span").all_inner_texts()]
    assert errors == sorted(errors, reverse=True)


def test_wide_tables_are_searched(visit: Any) -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 40))).add_prefix("column ")
    model = entivec.AutoEncoder(2, max_steps=5).fit(frame)
    page = visit(entivec.report(model, frame).html)
    page.locator("#columns .filter input").fill("column 3")
    assert page.locator("#columns tbody tr:visible").count() == 11
    assert page.locator("#columns .filter span").inner_text() == "11 of 40"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_roles_and_names_are_accessible(visit: Any, customers: Any, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not here")
    page = visit(customers.report.html, color_scheme=scheme)
    page.focus("#canvas")
    page.keyboard.press("ArrowRight")
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    found = axe.Axe().run(page).response
    assert [(v["id"], [n["target"] for n in v["nodes"][:3]]) for v in found["violations"]] == []
    assert {"color-contrast", "aria-allowed-role"} <= {rule["id"] for rule in found["passes"]}
    tree = page.locator("body").aria_snapshot()
    assert 'application "Map of 400 rows, coloured by churned"' in tree
    for name in ("What became of every column", "The oddest rows"):
        assert f'table "{name}"' in tree
    assert re.search(r'img "Learning curve: held-out loss from [\d.]+ to [\d.]+"', tree)


def test_dark_is_dark(visit: Any, customers: Any) -> None:
    page = visit(customers.report.html, color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(18, 22, 28)"
    dark = ink(page)
    page.emulate_media(color_scheme="light")
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    assert ink(page) != dark


def test_paper_is_white_and_everything_is_open(visit: Any, customers: Any) -> None:
    page = visit(customers.report.html, color_scheme="dark")
    screen = ink(page)
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".controls").is_visible()
    assert ink(page) != screen
    page.emulate_media(media="screen")
    page.evaluate("window.seen = []; addEventListener('beforeprint', () => seen.push("
                  "document.querySelectorAll('details:not([open])').length))")  # fmt: skip
    assert len(page.pdf(format="A4")) > 50_000
    assert page.evaluate("seen") == [0]
    assert page.locator("details[open]").count() == 0


def test_without_script_there_are_tables_and_a_picture(visit: Any, customers: Any) -> None:
    page = visit(customers.report.html, java_script_enabled=False)
    assert page.locator("#static svg").is_visible()
    assert not page.locator("#canvas").is_visible()
    assert not page.locator(".controls").is_visible()
    assert page.locator("#columns tbody tr").count() == customers.X.shape[1]
    assert page.locator("#legend li").all_inner_texts() == ["False", "True"]


def test_notebooks_show_it_in_a_sandbox(visit: Any, customers: Any) -> None:
    around = f"<!DOCTYPE html><title>notebook</title>{customers.report._repr_html_()}"
    page = visit(around)
    frame = page.frame_locator("iframe")
    frame.locator("#canvas").wait_for()
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    assert frame.locator("#canvas").evaluate(INK)[0] > 1000
    frame.locator("#search").fill("C0000007")
    frame.locator("#search").press("Enter")
    assert frame.locator("#panel h3").inner_text() == "C0000007"


def test_a_hostile_table_is_inert(visit: Any, hostile: Any) -> None:
    page = visit(hostile.report.html)
    for option in range(page.locator("#colour option").count()):
        page.select_option("#colour", index=option)
    page.fill("#search", str(hostile.X.index[0])[:40])
    page.press("#search", "Enter")
    page.locator("#panel button").first.click()
    x, y = page.locator("#canvas").evaluate(ALONE)
    page.hover("#canvas", position={"x": x, "y": y})
    assert page.evaluate("window.harmed") is None
    assert page.locator("main img, main script, [onerror], [onload]").count() == 0
    text = page.locator("body").inner_text()
    assert "</script><script>window.harmed = 1</script>" in text
    assert "x" * 100 not in text
    isolated = "cell => getComputedStyle(cell).unicodeBidi"
    assert page.locator("#columns td").first.evaluate(isolated) == "isolate"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_scripts_run_nowhere_but_where_the_policy_lets_them(visit: Any, customers: Any) -> None:
    """Were something to get in all the same, it would not run."""
    harmed = customers.report.html.replace("</main>", "</main><i id='m'></i>")
    page = visit(harmed, complaint="Executing inline script violates")
    refused = page.evaluate(
        """() => new Promise(resolve => {
          addEventListener("securitypolicyviolation", event => resolve(event.violatedDirective));
          const script = document.createElement("script");
          script.textContent = "window.harmed = 1";
          document.getElementById("m").append(script);
          setTimeout(() => resolve("nothing"), 500);
        })"""
    )
    assert refused.startswith("script-src")
    assert page.evaluate("window.harmed") is None
