"""``fastheur list``: tasks, shipped policies and their best scores."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from fastheur.candidates import shipped_policies
from fastheur.commands.display import console
from fastheur.declarations import plans_in
from fastheur.errors import ConfigError
from fastheur.ledger import STAGE_NOTE, Ledger
from fastheur.resources import POLICIES
from fastheur.tasks import (
    Environment,
    atari_table,
    environments,
    find_environment,
    find_protocol,
    make_task,
    references,
)

Best = dict[tuple[str, str, str, int], tuple[int, float]]
"""Best finished mean score, and the rank of its split, by (env_id, shipped policy or obs mode, protocol, longer cap or 0)."""

_RANK = {"train": 0, "validation": 1, "sealed": 2}
"""A score on seeds that nobody tuned on is shown rather than a higher one on the seeds of the search."""

_SHOWN = ("", "validation", "sealed")


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
            _shipped(entry),
            _scores(best, entry.env_id),
            f"{record.score:,.6g}" if record else "-",
            f"{float(row['human']):,.6g}" if row else "-",
        )
    for folder in sorted((POLICIES / "envpool").glob("*/")):
        name, record = folder.name, references().get(folder.name)
        shown = f"{record.score:,.6g}" if record else "-"
        table.add_row(name, "state", _shipped(find_environment(name)), _scores(best, name), shown, "-")
    console().print(table)
    print("(model): plans with a model of the simulator, whose steps are counted apart.")
    print("policy=random plays any task. Any other EnvPool id: env=envpool env.id=ID (or env=ID).")
    if config["all"]:
        from fastheur.envpool_tasks import task_ids

        print("\n".join(task for task in task_ids() if task not in known))
    return 0


def _shipped(entry: Environment) -> str:
    names = (f"{name} (model)" if _plans(path) else name for name, path in shipped_policies(entry).items())
    return "\n".join(names) or "-"


def _plans(path: Path) -> bool:
    return plans_in(path.read_text(encoding="utf-8"), path.name)


def _scores(best: Best, env_id: str) -> str:
    lines = []
    for (env, row, protocol, cap), (rank, score) in sorted(best.items()):
        if env == env_id:
            remarks = ", ".join(filter(None, (_SHOWN[rank], f"cap {cap:,}" if cap else "")))
            lines.append(f"{row} {protocol}{f' ({remarks})' if remarks else ''} {score:,.6g}")
    return "\n".join(lines) or "-"


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
        if (row.get("notes") or "").startswith(STAGE_NOTE):  # an early verdict is no score
            continue
        if row["status"] != "finished" or row["score_mean"] is None or row.get("warm") or row.get("debug"):
            continue
        own = _own(row["env_id"], row["obs_mode"], row["protocol"])
        cap = _longer_cap(row, own) if own else None
        if own and cap is not None:
            key = (row["env_id"], _row(row), row["protocol"], cap)
            found = (0 if own.deterministic else _RANK.get(row["split"], 0), row["score_mean"])
            best[key] = max(best.get(key, found), found)


def _row(trial: Mapping[str, Any]) -> str:
    """Return which of the task's shipped policies was played, by its text or else its name; the mode, where it was none."""
    names, mode = _rows(trial["env_id"]), str(trial["obs_mode"])
    called = str(trial["trial_name"] if "trial_name" in trial else trial["name"])
    if called == mode and mode not in names.values():  # what a gait was called once
        called = "gait"
    return names.get(trial["policy_sha256"]) or (called if called in names.values() else mode)


@cache
def _rows(env_id: str) -> dict[str, str]:
    """Return the names of a task's shipped policies by the hash of their text."""
    there = shipped_policies(find_environment(env_id))
    return {hashlib.sha256(path.read_bytes()).hexdigest(): name for name, path in there.items()}


@dataclass(frozen=True)
class _Own:
    """What a protocol prescribes for a task and mode, in the terms of a trial row."""

    args: Mapping[str, Any]
    episodes: int
    deterministic: bool


@cache
def _own(env_id: str, mode: str, protocol_name: str) -> _Own | None:
    """Return the protocol's own terms; None for a task, mode or protocol that this installation does not have."""
    try:
        entry = find_environment(env_id)
        protocol = find_protocol(protocol_name, entry)
        task = make_task(entry, mode, protocol)
    except ConfigError:
        return None
    args = json.loads(json.dumps(protocol.envpool_args(task)))  # as the ledger has them: lists for tuples
    return _Own(args, protocol.episodes, protocol.deterministic(task))


def _longer_cap(row: Mapping[str, Any], own: _Own) -> int | None:
    """The cap where it is longer than the protocol's own, else 0; None for a shorter run or one under other arguments."""
    episodes = row["episodes_finished"] if "episodes_finished" in row else row["episodes"]
    if not own.deterministic and (episodes or 0) < own.episodes:
        return None
    args, expected = dict(json.loads(row["protocol_args"])), dict(own.args)
    cap, own_cap = args.pop("max_episode_steps", None), expected.pop("max_episode_steps", None)
    if args != expected:
        return None
    if cap == own_cap:
        return 0
    return None if own_cap is None or cap is None or cap < own_cap else int(cap)
