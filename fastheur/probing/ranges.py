"""Probe ``values``: how far every number of the observation goes, how many values it takes, how often it changes."""

from typing import Any

import numpy as np

from fastheur.batch import Array
from fastheur.engine import Engine
from fastheur.probing.entries import Entries
from fastheur.probing.walking import Choose, walk

KEPT_ROWS = 4096
"""Steps whose distinct values are counted; lowest, highest and changes are of all steps."""


def probe_values(engine: Engine, seed: int, steps: int, choose: Choose) -> tuple[list[str], dict[str, Any]]:
    """Return the lines and the data of the probe."""
    entries = Entries(engine.spec)
    low, high, changes = np.full((3, len(entries.names)), np.nan)
    kept: list[Array] = []
    last: Array | None = None
    before: Array | None = None
    moved = np.zeros(engine.spec.obs_shape[-2:] if entries.image else (), np.int64)
    for batch in walk(engine, seed, steps, choose):
        row = entries.read(batch)[0]
        low, high = np.fmin(low, row), np.fmax(high, row)
        if len(kept) < KEPT_ROWS:
            kept.append(row)
        if batch.first is None and last is not None:
            changes = np.nansum([changes, row != last], axis=0)
        last = row
        if entries.image:
            planes = batch.obs[0].reshape(-1, *moved.shape)
            moved += 0 if before is None else (planes != before).any(axis=0)
            before = planes.copy()
    table = np.array(kept)
    distinct = [len(np.unique(table[:, at])) for at in range(len(entries.names))]
    changes = np.nan_to_num(changes)
    found: list[dict[str, Any]] = [
        {"name": name, "low": float(low[at]), "high": float(high[at]), "distinct": distinct[at], "changes": int(changes[at])}
        for at, name in enumerate(entries.names)
    ]  # fmt: skip
    still = [one for one in found if one["distinct"] == 1]
    lines = [f"{steps} steps. name: lowest..highest, distinct values, changes"]
    busy = sorted((one for one in found if one["distinct"] > 1), key=lambda one: -one["changes"])
    lines += [
        f"{one['name']}: {one['low']:.4g}..{one['high']:.4g}, {one['distinct']}, {one['changes']}" for one in busy
    ]
    if still:
        lines.insert(1, "Never changed: " + ", ".join(f"{one['name']} = {one['low']:.4g}" for one in still[:40])
                     + (f" and {len(still) - 40} more" if len(still) > 40 else ""))  # fmt: skip
    if entries.image:
        lines.insert(1, _frame_line(moved > 1, engine.spec.obs_text))
    return lines, {"entries": found}


def _frame_line(moved: Array, layout: str) -> str:
    if not moved.any():
        return f"Frame {layout}: no pixel changed more than once."
    rows, columns = np.flatnonzero(moved.any(axis=1)), np.flatnonzero(moved.any(axis=0))
    return (
        f"Frame {layout}: {moved.mean():.1%} of the pixels changed more than once, all of them in rows {rows[0]}..{rows[-1]}, columns "
        f"{columns[0]}..{columns[-1]}."
    )
