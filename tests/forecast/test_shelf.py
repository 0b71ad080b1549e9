import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lantian.forecast.learn import Calibrator
from lantian.forecast.learn_cities import CityTrees
from lantian.forecast.shelf import CARD, MAKE, MODEL, Shelf, ShelfError

NOTHING = Calibrator("history", date(2015, 1, 1), date(2015, 12, 31), (), None, None, {}, CityTrees((), {}, {}))
TRAINED = datetime(2016, 1, 1, tzinfo=UTC)


def test_a_model_comes_back_as_it_was_put(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    card = shelf.add(NOTHING, TRAINED)
    assert shelf.latest("history") == card
    assert shelf.latest("perfect") is None
    assert shelf.open(card.version) == NOTHING


def test_a_model_of_another_make_is_passed_over_and_refused(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    version = shelf.add(NOTHING, TRAINED).version
    path = tmp_path / version / CARD
    told = json.loads(path.read_text())
    del told["make"]  # as cards were before makes were counted
    path.write_text(json.dumps(told))
    assert [card.version for card in shelf.cards()] == [version]
    assert shelf.latest("history") is None
    with pytest.raises(ShelfError, match=rf"is of make 1, this program uses {MAKE}; train again"):
        shelf.open(version)


def test_a_model_whose_file_was_changed_is_refused(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    version = shelf.add(NOTHING, TRAINED).version
    (tmp_path / version / MODEL).write_bytes(b"something else")
    with pytest.raises(ShelfError, match="is not the file that was put there"):
        shelf.open(version)
