"""One self-contained page: its policy lets in its own scripts and style, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from entivec.reporting.html import Markup, checksum, island, joined, tag
from entivec.reporting.subject import Section

STYLE = "page.css"
SCRIPTS = ("map.js", "tables.js", "paper.js")


def page(title: str, top: Markup, sections: Sequence[Section], foot: str) -> str:
    """Return the page as HTML."""
    style = _asset(STYLE)
    scripts = [_asset(name) for name in SCRIPTS]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, scripts)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        Markup(f"<style>{style}</style>"),
    )
    links = [tag("a", section.title, href=f"#{section.name}") for section in sections]
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#content", class_="skip"),
        tag("header", tag("h1", tag("bdi", title)), top),
        tag("nav", *links, aria_label="Sections"),
        tag("main", *(_section(section) for section in sections), id="content"),
        tag("footer", foot),
        *(island(name, data) for section in sections for name, data in section.data.items()),
        *(Markup(f'<script type="module">{script}</script>') for script in scripts),
    )
    return "<!DOCTYPE html>\n" + tag("html", head, body, lang="en") + "\n"


def _section(section: Section) -> Markup:
    named = f"{section.name}-title"
    return tag(
        "section",
        tag("h2", section.title, id=named),
        tag("p", section.lead, class_="lead") if section.lead else joined(),
        section.body,
        id=section.name,
        aria_labelledby=named,
    )


def _policy(style: str, scripts: Sequence[str]) -> str:
    allowed = " ".join(f"'{checksum(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src '{checksum(style)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _asset(name: str) -> str:
    text = files("entivec.reporting").joinpath("assets", name).read_text("utf-8")
    return "\n" + text.strip() + "\n"
