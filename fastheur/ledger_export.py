"""The ledger's readable exports: ``trials.jsonl`` under the reference's own field names, and ``summary.csv``."""

import csv
import io
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastheur.drafts import write_whole
from fastheur.model_steps import summed

EXPORT_FIELDS = (
    "trial_index", "timestamp", "env_id", "obs_mode", "trial_name", "episodes_finished", "env_steps", "score_mean",
    "score_min", "score_max", "cumulative_env_steps", "cumulative_episodes", "policy_config", "notes",
    "protocol", "protocol_args", "split", "status", "policy_sha256", "wall_s", "hns_mean", "candidates", "warm",
    "debug", "isolation", "landlock", "seccomp", "model_steps",
)  # fmt: skip
"""Names of the reference's own records first, then ours."""


def write_export(trials: Sequence[Mapping[str, Any]], folder: Path, fold: bool) -> list[Path]:
    """Write ``trials.jsonl`` and ``summary.csv`` of a ledger's trials and return their paths; see :meth:`Ledger.export`."""
    found = records(trials, fold)
    folder.mkdir(parents=True, exist_ok=True)
    lines = folder / "trials.jsonl"
    write_whole(lines, "".join(json.dumps(record) + "\n" for record in found).encode())
    table = folder / "summary.csv"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, EXPORT_FIELDS)
    writer.writeheader()
    writer.writerows(found)
    write_whole(table, text.getvalue().encode())
    return [lines, table]


def records(trials: Sequence[Mapping[str, Any]], fold: bool) -> list[dict[str, Any]]:
    """Return a ledger's trials as the lines of ``trials.jsonl``."""
    rows = [{**row, "candidates": 1} for row in trials]
    return [_record(row) for row in _with_totals(_folded(rows) if fold else rows)]


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trial under the field names of the reference's own ``trials.jsonl``, with ours behind them."""
    renamed = {
        "trial_index": row["trial"],
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(row["started"])),
        "trial_name": row["name"],
        "episodes_finished": row["episodes"],
        "policy_config": row["params"],
    }
    return {name: renamed.get(name, row[name] if name not in renamed else None) for name in EXPORT_FIELDS}


def _folded(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Replace each population by its best candidate, which then carries the cost of all."""
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        member = row["population"] is not None
        groups.setdefault(("population", row["population"]) if member else ("trial", row["trial"]), []).append(row)
    folded = []
    for group in groups.values():
        best = max(group, key=lambda row: float("-inf") if row["score_mean"] is None else row["score_mean"])
        total: dict[str, Any] = {
            key: sum(row[key] or 0 for row in group) for key in ("env_steps", "episodes", "wall_s")
        }
        total["model_steps"] = summed(row["model_steps"] for row in group)
        params = best["params"] if len(group) == 1 else _shortened(best["params"])
        folded.append({**best, **total, "params": params, "candidates": len(group)})
    return folded


def _with_totals(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add the running totals per task and mode: every step counts, failed and interrupted trials included."""
    totals: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        total = totals.setdefault((row["env_id"], row["obs_mode"]), [0, 0])
        total[0] += row["env_steps"] or 0
        total[1] += row["episodes"] or 0
        row["cumulative_env_steps"], row["cumulative_episodes"] = total
    return list(rows)


def _shortened(params: str) -> str:
    """Six digits are enough to read a search by; the ledger keeps them all."""
    return json.dumps({name: float(f"{value:.6g}") for name, value in json.loads(params).items()})
