"""A replay's steps as a table, CSV or Parquet: what was seen, done, gained and remembered at each."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fastheur.batch import Array
from fastheur.drafts import whole_file
from fastheur.errors import ConfigError
from fastheur.replaying.film import action_words
from fastheur.replaying.steps import Table
from fastheur.spec import ActionSpec

FORMATS = ("csv", "parquet")

_BLOCK = 4096
"""Rows that are turned into text at a time."""


def check_format(name: str) -> str:
    """Return ``name`` after checking that a trace can be written so."""
    if name not in FORMATS:
        raise ConfigError(f"trace is {name!r}, expected one of {', '.join(FORMATS)}, or null for none.")
    return name


def columns(table: Table, action: ActionSpec) -> Iterator[tuple[str, Array]]:
    """Yield names and columns (n,) of a trace.

    ``step`` counts env steps from 1. ``action`` is what was done (a column per entry where it has several) and ``meaning``
    its name; ``obs`` columns are what it was decided on, ``state.*`` the policy's STATE after the decision; ``reward``,
    ``return`` and ``lives`` what came of it.
    """
    steps = len(table)
    yield "step", np.arange(1, steps + 1)
    actions = table.actions.rows[:steps]
    if action.kind == "discrete":
        yield "action", actions
        yield "meaning", np.array([action_words(one, action) for one in range(action.n)], object)[actions]
    else:
        for entry in range(action.size):
            yield f"action[{entry}]", actions[:, entry]
    yield "reward", table.rewards.rows
    yield "return", table.scores.rows
    yield "lives", table.lives.rows
    for place, name in enumerate(table.state_names):
        values = table.state.rows[:steps, place]
        yield f"state.{name}", values.astype(np.int64) if table.whole[place] else values
    for place, name in enumerate(table.obs_names):
        yield name, table.obs.rows[:steps, place]


def write_trace(path: Path, table: Table, action: ActionSpec) -> None:
    """Write a trace in the format of the path's suffix, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    named = dict(columns(table, action))
    with whole_file(path) as file:
        if path.suffix == ".parquet":
            import pyarrow as pa  # half a second, which only this format pays
            import pyarrow.parquet as parquet

            parquet.write_table(pa.table({name: pa.array(values) for name, values in named.items()}), file)
            return
        text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(named)
        for start in range(0, len(table), _BLOCK):
            block: list[list[Any]] = [values[start : start + _BLOCK].tolist() for values in named.values()]
            writer.writerows(zip(*block, strict=True))
        text.detach()
