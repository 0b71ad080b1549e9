"""The shelf 模型库: trained statistics in versions, each with what it learnt from, how good it was, and its digest.

A version is a folder that is never changed: `card.json`, which people can read, and `model.joblib`. A folder appears
under its name only when all of it is on the disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import joblib  # type: ignore[import-untyped]
import sklearn

import lantian
from lantian.forecast import history, learn
from lantian.forecast.learn import MODES, Calibrator, Mode
from lantian.kernel.jobs import JobRun, Progress, task

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform

CARD: Final = "card.json"
MODEL: Final = "model.joblib"
MAKE: Final = 3
"""Counts the ways in which models have been built; one of another make cannot be used by this program."""


class ShelfError(LookupError):
    """There is no such version, or it cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Card:
    """What is known of a version.

    Attributes:
        version: its name, which begins with the last day of its data.
        mode: "history" or "perfect".
        begins, ends: first and last day that training saw; ``held_out``: spans in between that it did not.
        trained_at: when, UTC.
        places: stations and regions it can forecast.
        predictors: names of the predictors.
        scores: figures of its training, each with its definition in docs/forecast/statistics.md.
        library, platform: versions of scikit-learn and of this program.
        digest: SHA-256 of the model's file.
        make: `MAKE` of the program that trained it.
    """

    version: str
    mode: Mode
    begins: date
    ends: date
    held_out: tuple[tuple[date, date], ...]
    trained_at: datetime
    places: tuple[str, ...]
    predictors: tuple[str, ...]
    scores: Mapping[str, float] = field(default_factory=dict)
    library: str = ""
    platform: str = ""
    digest: str = ""
    make: int = 1


class Shelf:
    """Versions in a folder, by custom `<home>/forecast/models`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, calibrator: Calibrator, trained_at: datetime) -> Card:
        """Put a trained model on the shelf; the same model twice is one version."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self.folder))
        try:
            joblib.dump(calibrator, draft / MODEL, compress=3)
            digest = _digest(draft / MODEL)
            card = Card(
                f"{calibrator.ends}-{calibrator.mode}-{digest[:8]}",
                calibrator.mode,
                calibrator.begins,
                calibrator.ends,
                calibrator.held_out,
                trained_at,
                calibrator.places,
                calibrator.predictors,
                calibrator.scores,
                sklearn.__version__,
                lantian.__version__,
                digest,
                MAKE,
            )
            (draft / CARD).write_text(json.dumps(asdict(card), default=str, ensure_ascii=False, indent=1), "utf-8")
            for path in (draft / MODEL, draft / CARD, draft):
                _sync(path)
            target = self.folder / card.version
            if not target.exists():
                draft.rename(target)
                _sync(self.folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return card

    def cards(self, mode: Mode | None = None) -> list[Card]:
        """All versions of a mode, the one trained last first."""
        found = [_card(path) for path in self.folder.glob(f"*/{CARD}")] if self.folder.exists() else []
        return sorted((c for c in found if mode in (None, c.mode)), key=lambda c: c.trained_at, reverse=True)

    def latest(self, mode: Mode) -> Card | None:
        """The version of a mode that was trained last, of those that this program can use."""
        return next((card for card in self.cards(mode) if card.make == MAKE), None)

    def open(self, version: str) -> Calibrator:
        """Load a version.

        Raises:
            ShelfError: there is none of this name, its file was changed, or another scikit-learn or program made it.
        """
        folder = self.folder / version
        if not (folder / CARD).exists():
            raise ShelfError(f"no model is called {version!r}; on the shelf are {[c.version for c in self.cards()]}")
        card = _card(folder / CARD)
        if _digest(folder / MODEL) != card.digest:
            raise ShelfError(f"{folder / MODEL} is not the file that was put there; train again")
        if card.library != sklearn.__version__:
            raise ShelfError(
                f"model {version} was trained with scikit-learn {card.library}, here is {sklearn.__version__}; "
                "train again: lantian forecast train"
            )
        if card.make != MAKE:
            raise ShelfError(
                f"model {version} is of make {card.make}, this program uses {MAKE}; train again: lantian forecast train"
            )
        found: Calibrator = joblib.load(folder / MODEL)
        return found


def _card(path: Path) -> Card:
    told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    told = {one.name: told[one.name] for one in fields(Card) if one.name in told}
    told |= {name: date.fromisoformat(told[name]) for name in ("begins", "ends")}
    told["trained_at"] = datetime.fromisoformat(told["trained_at"])
    told["held_out"] = tuple((date.fromisoformat(a), date.fromisoformat(b)) for a, b in told["held_out"])
    return Card(**(told | {name: tuple(told[name]) for name in ("places", "predictors")}))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def of(platform: Platform) -> Shelf:
    """The shelf of a platform."""
    return Shelf(platform.home / "forecast" / "models")


def train(
    platform: Platform, modes: Sequence[Mode] = MODES, *, until: date | None = None, progress: Progress | None = None
) -> list[Card]:
    """Learn from all that the store knows, as of the clock, and put a version of each mode on the shelf.

    Raises:
        ValueError: there is too little to learn from.
    """
    now = platform.clock.now()
    known = history.read(platform, now)
    told = progress or Progress()
    cards = []
    for mode in modes:
        told.stage(f"训练 train · {mode}", total=100)
        made = learn.train(known, mode=mode, until=until, tell=_share(told))
        cards.append(of(platform).add(made, now))
        told.advance(0, message=cards[-1].version)
    return cards


def _share(progress: Progress) -> Callable[[int, int], None]:
    """Tells each percent."""
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if more := 100 * done // total - told:
            told += more
            progress.advance(more)

    return tell


@task("forecast.train", zh="训练预报统计模型", en="Train the forecast's statistics", lock="forecast.train")
def train_job(run: JobRun, *, modes: Sequence[Mode] = MODES) -> None:
    """Train in the queue."""
    train(run.platform, modes, progress=run.progress)
