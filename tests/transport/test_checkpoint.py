"""Checkpoints: whole or not at all, and never another run's."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lantian.transport.checkpoint import CheckpointError, Checkpoints, digest

STATE = np.random.default_rng(3).random((3, 2, 4, 5)).astype(np.float32)
OF = {"model": "1", "domain": "2", "forcing": "3"}


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "kept", OF)


def damage(file: Path, position: int) -> None:
    content = bytearray(file.read_bytes())
    content[position] ^= 0xFF
    file.write_bytes(content)


def test_a_state_comes_back_bit_for_bit_with_its_results(kept: Checkpoints) -> None:
    awkward = STATE.copy()
    awkward[0, 0, 0] = [np.nan, -0.0, np.inf, np.float32(1e-45), 1.0]
    results = {"mean": np.arange(6.0).reshape(2, 3), "steps": np.array([1, 2]), "one": np.float64(0.1)}
    kept.save(6, awkward, results=results)
    assert kept.load(6).tobytes() == awkward.tobytes()
    found = kept.results(6)
    assert found.keys() == results.keys()
    for name, array in results.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_nothing_there(kept: Checkpoints) -> None:
    assert kept.last() is None
    with pytest.raises(CheckpointError, match="no checkpoint of hour 3"):
        kept.load(3)


def test_the_chain_runs_from_the_beginning_without_a_gap(kept: Checkpoints) -> None:
    for hour, since in ((6, 0), (12, 6), (24, 18)):
        kept.save(hour, STATE, since=since)
    assert kept.chain() == [6, 12]
    kept.save(18, STATE, since=12)
    assert kept.chain() == [6, 12, 18, 24]
    assert kept.last() == 24


def test_states_alone_are_each_reached(kept: Checkpoints) -> None:
    kept.save(0, STATE)
    assert kept.last() == 0
    kept.save(4, STATE)
    kept.save(2, STATE)
    assert kept.last() == 4


@pytest.mark.requirement("F3", part="checkpoints: atomic, refused when of another run, damage told")
@pytest.mark.parametrize("part", OF)
def test_a_checkpoint_of_something_else_is_refused(kept: Checkpoints, part: str) -> None:
    kept.save(6, STATE)
    other = Checkpoints(kept.path, {**OF, part: "9"})
    for ask in (other.last, lambda: other.load(6)):
        with pytest.raises(CheckpointError, match=f"another {part}.*here 9"):
            ask()
    assert Checkpoints(kept.path).last() == 6


@pytest.mark.requirement("F3", part="checkpoints: atomic, refused when of another run, damage told")
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_left_out_and_said(kept: Checkpoints, share: float) -> None:
    kept.save(6, STATE)
    kept.save(12, STATE, since=6)
    file = kept.path / "000012.zarr.zip"
    os.truncate(file, int(share * file.stat().st_size))
    with pytest.warns(UserWarning, match="000012.zarr.zip is damaged"):
        assert kept.last() == 6
    with pytest.raises(CheckpointError, match="damaged"):
        kept.load(12)
    kept.save(12, STATE, since=6)
    assert kept.last() == 12


@pytest.mark.requirement("F3", part="checkpoints: atomic, refused when of another run, damage told")
def test_an_altered_byte_is_told_or_does_no_harm(kept: Checkpoints) -> None:
    kept.save(6, STATE, results={"mean": np.ones(3)})
    file = kept.path / "000006.zarr.zip"
    whole = file.read_bytes()
    told = 0
    for position in range(0, len(whole), 31):
        file.write_bytes(whole)
        damage(file, position)
        try:
            assert kept.load(6).tobytes() == STATE.tobytes()
            assert kept.results(6)["mean"].tolist() == [1, 1, 1]
        except CheckpointError:
            told += 1
    assert told > len(whole) / 31 / 2


def test_a_chunk_that_is_gone_is_not_taken_for_zeros(kept: Checkpoints) -> None:
    kept.save(6, STATE)
    file = kept.path / "000006.zarr.zip"
    with zipfile.ZipFile(file) as whole:
        entries = {name: whole.read(name) for name in whole.namelist()}
    assert "state/c/1/0/0/0" in entries
    with zipfile.ZipFile(file, "w") as less:
        for name, content in entries.items():
            if name != "state/c/1/0/0/0":
                less.writestr(name, content)
    with pytest.raises(CheckpointError, match="damaged"):
        kept.load(6)


def test_what_is_half_written_is_not_taken_for_a_checkpoint(kept: Checkpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.save(6, STATE)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            kept.save(6, STATE + 1)
        with pytest.raises(OSError, match="No space"):
            kept.save(12, STATE + 1, since=6)
    assert kept.last() == 6
    np.testing.assert_array_equal(kept.load(6), STATE)


@given(hnp.arrays(st.sampled_from([np.float32, np.float64, np.int64, np.bool_]), hnp.array_shapes(), unique=False))
def test_a_digest_stands_for_every_bit(array: np.ndarray) -> None:
    assert digest("a", array) == digest("a", array.copy())
    assert digest("a", array) != digest("b", array)
    assert digest(array) != digest(array[None])
    flipped = bytearray(array.tobytes())
    flipped[-1] ^= 1
    assert digest(array) != digest(np.frombuffer(bytes(flipped), array.dtype).reshape(array.shape))


def test_a_digest_of_times_and_words() -> None:
    times = np.array(["2024-01-01T00", "2024-01-01T01"], "datetime64[ns]")
    assert digest(times) == digest(times.copy()) != digest(times[::-1])
    assert digest("SO2", 1.0) != digest("SO2", 1.5)
