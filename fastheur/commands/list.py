"""``fastheur list``: tasks, shipped policies and their best scores."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from fastheur.commands.display import console
from fastheur.errors import ConfigError
from fastheur.ledger import Ledger
from fastheur.resources import POLICIES
from fastheur.tasks import atari_table, environments, find_environment, find_protocol, make_task, references

Best = dict[tuple[str, str, str], float]
"""Best finished mean score by (env_id, obs mode, protocol)."""


def main(config: Mapping[str, Any]) -> int:
    """Print the tables."""
    best = _best_scores(config["ledger"])
    table = Table(title="Tasks: fastheur eval env=NAME obs=MODE", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("task", "obs", "shipped", "best scores", "record", "human"):
        table.add_column(name, justify="right" if name in ("record", "human") else "left", no_wrap=name == "task")
    known = {entry.env_id for entry in environments().values()}
    for name, entry in environments().items():
        record, row = references().get(entry.env_id), atari_table().get(entry.env_id)
        table.add_row(
            name,
            " ".join(entry.modes),
            _shipped(name),
            _scores(best, entry.env_id),
            f"{record.score:,.6g}" if record else "-",
            f"{float(row['human']):,.6g}" if row else "-",
        )
    for folder in sorted((POLICIES / "envpool").glob("*/")):
        name, record = folder.name, references().get(folder.name)
        shown = f"{record.score:,.6g}" if record else "-"
        table.add_row(name, "state", _shipped(f"envpool/{name}"), _scores(best, name), shown, "-")
    console().print(table)
    print("policy=random plays any task. Any other EnvPool id: env=envpool env.id=ID (or env=ID).")
    if config["all"]:
        from fastheur.engine import task_ids

        print("\n".join(task for task in task_ids() if task not in known))
    return 0


def _shipped(name: str) -> str:
    return " ".join(sorted(path.stem for path in (POLICIES / name).glob("*.py"))) or "-"


def _scores(best: Best, env_id: str) -> str:
    mine = (f"{mode} {protocol} {score:,.6g}" for (env, mode, protocol), score in sorted(best.items()) if env == env_id)
    return "\n".join(mine) or "-"


def _best_scores(ledger: str | None) -> Best:
    """Best means of the shipped trial records and of the local ledger."""
    best: Best = {}
    for path in sorted(POLICIES.rglob("trials.jsonl")):
        _keep(best, (json.loads(line) for line in path.read_text().splitlines() if line))
    if ledger and Path(ledger).exists():
        with Ledger(ledger) as opened:
            _keep(best, opened.trials())
    return best


def _keep(best: Best, rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        if row["status"] != "finished" or row["score_mean"] is None:
            continue
        label = _label(row)
        if label is not None:
            key = (row["env_id"], row["obs_mode"], label)
            best[key] = max(best.get(key, float("-inf")), row["score_mean"])


def _label(row: Mapping[str, Any]) -> str | None:
    """The protocol's name, with the cap where it is longer than the protocol's own; None for a shortened trial run."""
    entry = next((entry for entry in environments().values() if entry.env_id == row["env_id"]), None)
    entry = entry or find_environment(row["env_id"])
    try:
        protocol = find_protocol(row["protocol"], entry)
        own = protocol.envpool_args(make_task(entry, row["obs_mode"], protocol)).get("max_episode_steps")
    except ConfigError:  # a protocol or mode this installation does not have
        return str(row["protocol"])
    cap = json.loads(row["protocol_args"]).get("max_episode_steps")
    if cap == own:
        return str(row["protocol"])
    return None if own is None or cap is None or cap < own else f"{row['protocol']} (cap {cap:,})"
