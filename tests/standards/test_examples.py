"""The examples in the docstrings of rounding, statistics and indices give what they print."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize("module", ["rounding", "percentiles", "indices"])
def test_docstrings(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"lantian.standards.{module}"))
    assert result.attempted > 0
    assert result.failed == 0
