"""The examples of the pages on water, dustfall, coverage and electricity run and give what they say."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["water", "dustfall", "network", "power"])
def test_examples_of_a_page_give_what_they_say(page: str) -> None:
    failed, tried = doctest.testfile(str(DOCS / f"{page}.md"), module_relative=False)
    assert tried > 0
    assert failed == 0
