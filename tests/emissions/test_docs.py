"""The page about emissions does what it says."""

import re
from pathlib import Path

import pytest

from lantian.emissions import Inventory, Sheet, example, folder
from tests.emissions import north_china

PAGE = Path(__file__).parents[2] / "docs" / "emissions.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


@pytest.mark.parametrize("block", BLOCKS)
def test_the_code_of_the_page_runs(
    block: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example's inventory and sheet are asked for as tests of this room do, which have made them already."""

    def inventory(place: Path) -> Inventory:
        assert place.resolve() == north_china.EXAMPLE
        return north_china.inventory()

    def sheet(place: Path, *, step: float) -> Sheet:
        assert (place.resolve(), step) == (north_china.EXAMPLE, 1 / 30)
        return north_china.sheet()

    monkeypatch.setattr(example, "inventory", inventory)
    monkeypatch.setattr(folder, "sheet", sheet)
    exec(compile(block, str(PAGE), "exec"), {})
    said = capsys.readouterr().out
    assert "kg of NO a second" in said
    assert "PM25" in said
