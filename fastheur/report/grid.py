"""Many tasks at once: a row per run, and per task, mode, protocol, split and policy of a ledger of evaluations."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from markupsafe import Markup

from fastheur.ledger import STAGE_NOTE, Ledger
from fastheur.model_steps import summed
from fastheur.report.records import RunRecord
from fastheur.report.sparks import sparkline
from fastheur.score import iqm
from fastheur.tasks import Reference, environments, human_normalised, references


@dataclass(frozen=True)
class Entry:
    """A row of the grid.

    Attributes:
        task, mode, protocol, split, policy: what was scored, on what. score, low, high: mean and its 95 % interval.
        episodes: behind the score. reference: to compare with. hns: human-normalised score. frames: env steps used in all.
        tried: versions of a run, or evaluations. spark: the running best. link: address of its page, empty where there is none.
        state: of a run, in a word or two. model_steps: used in all; None where nothing was planned.
    """

    name: str
    task: str
    mode: str
    protocol: str
    split: str
    policy: str
    score: float | None
    low: float | None
    high: float | None
    episodes: int
    reference: Reference | None
    hns: float | None
    frames: int
    tried: int
    spark: Markup
    link: str
    state: str
    model_steps: int | None


@dataclass(frozen=True)
class Summary:
    """All Atari games of one mode, protocol and split together: median and interquartile mean of their HNS."""

    label: str
    games: int
    median: float
    iqm: float


def run_entry(record: RunRecord, name: str, link: str) -> Entry:
    """Return the row of a run, called ``name``: its sealed score where it has one, else its champion's train score."""
    task, champion = record.config.task, record.champion
    sample, split = (record.sealed, "sealed") if record.sealed else (record.train, "train")
    low, high = (sample.interval if sample else None) or (None, None)
    points = [(float(one.place.env_steps), one.score) for one in record.reigns if one.score is not None]
    points += [(float(record.spent.env_steps), points[-1][1])] if points else []
    return Entry(
        name, task.name, task.mode, sample.protocol if sample else record.config.protocol.label(task), split,
        f"{champion.name} by {record.config.agent['name']}" if champion else "-", sample.mean if sample else None, low, high,
        len(sample.returns) if sample else 0, references().get(task.env_id),
        human_normalised(task.env_id, sample.mean) if sample else None, record.spent.env_steps, len(record.ideas),
        sparkline(points, "champion's score against frames"), link, record.status, record.spent.model_steps,
    )  # fmt: skip


def ledger_entries(path: Path) -> list[Entry]:
    """Return the rows of a ledger: the latest score of every policy, and how the best developed.

    Raises:
        LedgerError: it cannot be read.
    """
    with Ledger(path) as ledger:
        trials = ledger.trials()
    groups = defaultdict[tuple[str, ...], list[dict[str, Any]]](list)
    for trial in trials:
        key = ("env_id", "obs_mode", "protocol", "split", "policy_name")
        groups[tuple(str(trial[name]) for name in key)].append(trial)
    return [_ledger_entry(path.parent.name, group) for _, group in sorted(groups.items())]


def _ledger_entry(name: str, group: Sequence[Mapping[str, Any]]) -> Entry:
    scored = [one for one in group if one["score_mean"] is not None and not one["warm"] and one["stop"] is None]
    scored = [one for one in scored if not one["notes"].startswith(STAGE_NOTE)]
    last, first = (scored or group)[-1], group[0]
    points, best, used = list[tuple[float, float]](), float("-inf"), 0
    for one in scored:
        used += one["env_steps"] or 0
        best = max(best, one["score_mean"])
        points.append((float(used), best))
    return Entry(
        name, _listed().get(first["env_id"], first["env_id"]), first["obs_mode"], first["protocol"], first["split"],
        _policy(last), last["score_mean"], last["ci_low"], last["ci_high"], last["episodes"],
        references().get(first["env_id"]), last["hns_mean"], sum(one["env_steps"] or 0 for one in group), len(group),
        sparkline(points, "best score against frames"), "", last["status"], summed(one["model_steps"] for one in group),
    )  # fmt: skip


@cache
def _listed() -> dict[str, str]:
    return {environment.env_id: name for name, environment in environments().items()}


def _policy(trial: Mapping[str, Any]) -> str:
    """Return the end of a policy's path, which tells policies apart, and how many parameters it was given."""
    params = json.loads(trial["params"])
    short = "/".join(Path(trial["policy_name"]).parts[-3:]).lstrip("/")
    return f"{short} ({len(params)} params)" if params else short


def summaries(entries: Sequence[Entry]) -> list[Summary]:
    """Return the suite scores: of every mode, protocol and split with three games or more, the best entry of each game."""
    groups = defaultdict[str, dict[str, float]](dict)
    for entry in entries:
        if entry.hns is not None:
            games = groups[f"{entry.mode}, {entry.protocol}, {entry.split}"]
            games[entry.task] = max(entry.hns, games.get(entry.task, entry.hns))
    return [
        Summary(label, len(games), median(games.values()), iqm(list(games.values())))
        for label, games in sorted(groups.items())
        if len(games) >= 3
    ]
