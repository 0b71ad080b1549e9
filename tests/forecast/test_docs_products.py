"""The examples of the pages on products and verification run as they are printed."""

import re
from pathlib import Path

import pytest

from lantian.forecast import verify

PAGES = Path(__file__).parents[2] / "docs" / "forecast"


@pytest.mark.parametrize(
    ("page", "printed"),
    [("verification", ["0.1 0.4 0.75", "1 − Σ|F − O| / ΣO"]), ("products", ["144 107 200 3 ['pm25']", "0.0"])],
)
def test_a_page_runs(page, printed, capsys):
    names: dict[str, object] = {}
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        exec(block, names)
    said = capsys.readouterr().out
    for each in printed:
        assert each in said


def test_the_page_names_every_score():
    text = (PAGES / "verification.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_0-9]+)`", text))
    counts = {"n", "n_primary", "n_probabilities", "mean_observed", "persistence"}
    assert set(verify.DEFINITIONS) - counts <= told
