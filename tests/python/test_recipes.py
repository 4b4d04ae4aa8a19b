"""Every recipe in the documentation runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

RECIPES = Path(__file__).parents[2] / "notebooks" / "recipes.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def recipes() -> dict[str, str]:
    """The code of every recipe by its heading, on the lines where it stands in the page."""
    page = RECIPES.read_text(encoding="utf-8")
    code: dict[str, str] = {}
    for section in re.finditer(r"^## (.+?)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL):
        lines: list[str] = []
        for block in BLOCK.finditer(section[2]):
            first = page.count("\n", 0, section.start(2) + block.start(1))
            lines += [""] * (first - len(lines)) + block[1].splitlines()
        code[section[1]] = "\n".join(lines)
    return code


@pytest.mark.parametrize("name", recipes())
def test_recipe_runs(name: str) -> None:
    code = recipes()[name]
    assert "assert " in code, "a recipe says what to expect"
    exec(compile(code, str(RECIPES), "exec"), {"__name__": name})


def test_every_block_belongs_to_a_recipe() -> None:
    page = RECIPES.read_text(encoding="utf-8")
    blocks = BLOCK.findall(page)
    assert len(blocks) * 2 == page.count("```")
    found = "\n".join(recipes().values())
    assert blocks
    assert all(block.strip() in found for block in blocks)
