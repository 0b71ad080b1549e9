"""Files stand whole or not at all."""

from pathlib import Path

import polars as pl
import pytest

from lantian.observations import segments

FRAME = pl.DataFrame({"place": ["1001A", "1002A"], "pm25": [35.0, None]})


def test_a_segment_reads_back_and_carries_its_digest(tmp_path: Path) -> None:
    path = segments.path_of(tmp_path, "hour", "2016-12", "one")
    written = segments.write(FRAME, path)
    assert path == tmp_path / "hour" / "2016-12" / "one.parquet"
    assert pl.read_parquet(path).equals(FRAME)
    assert (written.bytes, written.sha256) == (path.stat().st_size, segments.digest(path))


def test_a_segment_is_never_overwritten(tmp_path: Path) -> None:
    path = segments.path_of(tmp_path, "hour", "2016-12", "one")
    segments.write(FRAME, path)
    with pytest.raises(FileExistsError, match="never written twice"):
        segments.write(FRAME.clear(), path)
    assert pl.read_parquet(path).equals(FRAME)


def test_a_failed_write_leaves_no_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(frame: pl.DataFrame, file: Path, **options: object) -> None:
        file.write_bytes(b"PAR1 and then the power went")
        raise OSError("no space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", half)
    path = segments.path_of(tmp_path, "day", "2016-12", "one")
    with pytest.raises(OSError, match="no space"):
        segments.write(FRAME, path)
    assert not path.exists()
    assert segments.listing(tmp_path) == {("day", "2016-12"): [path.with_name("one.parquet.tmp")]}


def test_the_listing_holds_segments_and_leftovers_of_months_only(tmp_path: Path) -> None:
    path = segments.path_of(tmp_path, "hour", "2016-12", "one")
    segments.write(FRAME, path)
    leftover = path.with_name("two.parquet.tmp")
    leftover.touch()
    (tmp_path / "hour" / "notes.txt").touch()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "other.parquet").touch()
    found = segments.listing(tmp_path)
    assert {key: set(paths) for key, paths in found.items()} == {("hour", "2016-12"): {path, leftover}}


def test_what_is_set_aside_keeps_its_origin_in_its_name(tmp_path: Path) -> None:
    path = segments.path_of(tmp_path, "hour", "2016-12", "one")
    segments.write(FRAME, path)
    segments.set_aside(path, tmp_path)
    assert not path.exists()
    assert pl.read_parquet(tmp_path / "unknown" / "hour_2016-12_one.parquet").equals(FRAME)
