"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import entivec

MODULES = ["entivec"] + [
    module.name
    for module in pkgutil.walk_packages(entivec.__path__, "entivec.")
    if not module.name.rpartition(".")[2].startswith(("_core", "_cpu", "__main__"))
]


@pytest.mark.slow
@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_say(name: str) -> None:
    if name == "entivec.scale.spark_ml":
        pytest.importorskip("pyspark")
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0, "the report above shows which"


def test_examples_are_found() -> None:
    module = importlib.import_module("entivec.evaluate._gaps")
    assert doctest.testmod(module).attempted > 0
