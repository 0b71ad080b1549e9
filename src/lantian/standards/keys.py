"""One row for each key: a place and hour, or a place and day, that is given twice would count twice."""

import polars as pl

from lantian.standards.frames import StandardsError


def require_one_row_each(data: pl.DataFrame, *keys: str, where: str) -> None:
    """Raise `StandardsError`, naming the first key that has several rows; ``where`` is the calling function."""
    # Hashes settle millions of rows quickly; only when two agree are the keys themselves compared.
    mixed = pl.col(keys[0]).hash(seed=1)
    for number, key in enumerate(keys[1:], start=2):
        mixed = mixed ^ pl.col(key).hash(seed=number)
    if data.select(mixed.n_unique()).item() == data.height:
        return
    twice = data.group_by(keys).len().filter(pl.col("len") > 1).sort(keys)
    if twice.height:
        first = twice.row(0, named=True)
        named = ", ".join(f"{key} {first[key]}" for key in keys)
        raise StandardsError(
            f"{where}: {named} has {first['len']} rows, expected one ({twice.height} such keys in all)"
        )
