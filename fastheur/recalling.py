"""From a ledger to what has to be played: any episode of any trial, with nothing but what its rows say.

Task, protocol, seed, policy and parameters come from the ledger alone: files may have changed since.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastheur.batch import Array
from fastheur.errors import ConfigError, LedgerError
from fastheur.limits import Limits
from fastheur.recall_rows import RecallRows, open_rows
from fastheur.run_folder import LEDGER
from fastheur.seeds import CAPACITY, SPLITS, episode_seeds
from fastheur.tasks import Environment, Protocol, Task, environment_from, find_environment

EPISODES = ("worst", "best", "median", "changed")
"""Ways to choose an episode beside its index."""

_UNFINISHED = ("failed", "interrupted", "running")


@dataclass(frozen=True)
class Recorded:
    """What the ledger says came out of an episode.

    Attributes:
        action_hash: 64 bits in hexadecimal. ret: return. length: env steps. lives_lost: drops of the life counter.
        terminated: the game ended. actions: all of them, where the trial kept a log of them.
    """

    action_hash: str
    ret: float
    length: int
    lives_lost: int
    terminated: bool
    actions: Array | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Recalled:
    """One episode of a trial, ready to be played again.

    Attributes:
        ledger: the file. trial: its number; of the trial that played this very episode. name: the trial's.
        version: such as ``v3``, where its policy is a version of a run. role: what a run played it for, or None.
        task, protocol: what is played and how. split, index, seed: which episode.
        source, sha256, policy: the policy's text, hash and file name. values: its parameters.
        isolation, versions: where and with what it was played. limits: what its run let a policy take.
        cut: it may have been cut by a stop rule: what was recorded is of the part that was played.
        recorded: None where the trial did not finish this episode: there is nothing to compare with.
        deterministic: every index is the same episode. asked: the index that was asked for, where another stands for it.
    """

    ledger: Path
    trial: int
    name: str
    version: str | None
    role: str | None
    task: Task
    protocol: Protocol
    split: str
    index: int
    seed: int = field(repr=False)
    source: str = field(repr=False)
    sha256: str
    policy: str
    values: Mapping[str, float]
    isolation: str
    versions: Mapping[str, str]
    cut: bool
    recorded: Recorded | None
    deterministic: bool = False
    asked: int | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def label(self) -> str:
        """Stem of the names of what is made of it: ``trial17-episode3``."""
        return f"trial{self.trial}-episode{self.index}"

    @property
    def title(self) -> str:
        """Who plays what, in a few words."""
        who = self.version or Path(self.policy).name
        return f"{who}, trial {self.trial}, {self.split} episode {self.index}"

    @property
    def remark(self) -> str:
        """What is special about it, a sentence; empty where nothing is."""
        if self.asked is not None:
            return (
                f"Episode {self.asked} was not played; with this protocol it is the same as episode {self.index}, "
                "which is shown."
            )
        if self.recorded is None:
            return f"Trial {self.trial} did not finish episode {self.index}: there is no action hash to compare with."
        return "A stop rule cut it: what is shown is the part that was played." if self.cut else ""


def recall(
    where: str | Path, *, trial: str | int | None = None, episode: str | int = "worst", against: str | int | None = None
) -> tuple[Recalled, Recalled | None]:
    """Return the episode to show, and the same one of what it is compared with, where it is compared.

    Args:
        where: a run folder, a run's name, or a ledger file.
        trial: a trial's number, ``champion``, or a version such as ``v7``; None for the champion of a run, and for the last
            finished trial of a plain ledger.
        episode: its index; ``worst``, ``best`` or ``median`` by return (of equal ones the lowest index); ``changed``: the one
            in which the returns of both differ most, or else the first with other actions.
        against: a trial, as ``trial``; None with ``changed`` for the parent version.

    Raises:
        ConfigError: there is no such run, trial or episode, or it must not be seen yet. LedgerError: the ledger is damaged.
    """
    with open_rows(where) as rows:
        mine = _Subject.named(rows, trial)
        word = str(episode)
        if word not in EPISODES and not word.isdecimal():
            raise ConfigError(f"episode is {episode!r}, expected its index, or one of {', '.join(EPISODES)}.")
        other = None
        if against is not None or word == "changed":
            other = _rival(rows, mine, against)
        index = int(word) if word.isdecimal() else _chosen(mine, other, word)
        shown = mine.recalled(index)
        return shown, None if other is None else other.recalled(shown.index, strict=True)


@dataclass(frozen=True)
class _Subject:
    """A candidate on a setting: the trial it is named by, and the finished episodes to choose from, by index."""

    rows: RecallRows
    row: dict[str, Any]
    episodes: dict[int, dict[str, Any]]

    @classmethod
    def named(cls, rows: RecallRows, word: str | int | None) -> "_Subject":
        row, whole = rows.addressed(word)
        rows.check_open(row)
        if row["warm"]:
            raise ConfigError(
                f"Trial {row['trial']} was played in used slots (warm=true): which episode a slot plays there depends on "
                "what it played before, so none of them can be played again. Trials in fresh slots can."
            )
        numbers = [row["trial"]]
        if whole:
            same = rows.alike(row, row["policy_sha256"], row["params"])
            numbers = [one["trial"] for one in same if (one["role"], one["stop"]) == (row["role"], row["stop"])]
        return cls(rows, row, rows.episodes(numbers))

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"trial {self.row['trial']} ({self.row['name']})"

    def recalled(self, index: int, strict: bool = False) -> Recalled:
        """Return an episode of the candidate; ``strict``: only one that was recorded."""
        if index >= CAPACITY:
            raise ConfigError(f"episode is {index}, and a split has {CAPACITY:,}.")
        row, found, asked = self.row, self.episodes.get(index), None
        if found is None:
            same = self.rows.alike(row, row["policy_sha256"], row["params"])
            found = self.rows.episodes([one["trial"] for one in same if one["stop"] == row["stop"]]).get(index)
        task, protocol = _task(self.rows, row)
        deterministic = protocol.deterministic(task)
        if found is None and deterministic and self.episodes:
            found, asked = self.episodes[min(self.episodes)], index
            index = int(found["episode"])
        if found is None and (strict or row["status"] not in _UNFINISHED):
            raise ConfigError(f"{self.name} has no episode {index}; it has {_listed(self.episodes)}.")
        if found is not None and found["trial"] != row["trial"]:
            row = self.rows.trial(int(found["trial"]))
        return _recalled(self.rows, row, found, index, (task, protocol, deterministic), asked)


def _recalled(
    rows: RecallRows,
    row: Mapping[str, Any],
    found: Mapping[str, Any] | None,
    index: int,
    setting: tuple[Task, Protocol, bool],
    asked: int | None,
) -> Recalled:
    task, protocol, deterministic = setting
    secret = rows.secret_of(dict(row))
    version = next((one.name for one in rows.versions() if one.policy_sha256 == row["policy_sha256"]), None)
    if row["split"] not in SPLITS:
        raise LedgerError(
            f"Trial {row['trial']} was played on {row['split']!r}, expected one of {', '.join(SPLITS)}; the ledger was changed."
        )
    if found and not isinstance(found["ret"], (int, float)):
        raise LedgerError(
            f"Episode {index} of trial {row['trial']} has the return {found['ret']!r}, expected a number; the ledger was changed."
        )
    recorded = found and Recorded(
        found["action_hash"], found["ret"], found["length"], found["lives_lost"], bool(found["terminated"]),
        rows.actions(found["trial"], found["episode"]),
    )  # fmt: skip
    cap = protocol.args.get("max_episode_steps")
    return Recalled(
        rows.path,
        row["trial"],
        row["name"],
        version,
        row["role"],
        task,
        protocol,
        row["split"],
        index,
        episode_seeds(row["split"], index, 1, secret)[0],
        row["source"],
        row["policy_sha256"],
        row["policy_name"],
        _json(row, "params"),
        row["isolation"],
        _json(row, "versions"),
        bool(row["stop"] and recorded and not recorded.terminated and (cap is None or recorded.length < cap)),
        recorded or None,
        deterministic,
        asked,
        Limits(**(rows.value("config") or {}).get("limits", {})) if rows.is_run else Limits(),
    )


def _task(rows: RecallRows, row: Mapping[str, Any]) -> tuple[Task, Protocol]:
    """Return task and protocol as the trial's row says them: every argument in force is among its protocol_args."""
    config = rows.value("config") if rows.is_run else None
    known = environment_from(config["environment"]) if config else find_environment(row["env_id"])
    environment = Environment(known.name, row["env_id"], known.suite, (row["obs_mode"],))
    protocol = Protocol(row["protocol"], None, 1, None, _json(row, "protocol_args"))
    return Task(environment, row["obs_mode"]), protocol


def _rival(rows: RecallRows, mine: _Subject, word: str | int | None) -> _Subject:
    """Return what is compared with, on the same setting as ``mine``."""
    if word is None:
        name, sha256, params = _parent(rows, mine)
    else:
        row, _ = rows.addressed(word)
        name, sha256, params = f"trial {row['trial']} ({row['name']})", row["policy_sha256"], row["params"]
    if (sha256, params) == (mine.row["policy_sha256"], mine.row["params"]):
        raise ConfigError(
            f"{name} is the same policy with the same parameters as {mine.name}: name another, against=TRIAL."
        )
    same = rows.alike(mine.row, sha256, params)
    same.sort(
        key=lambda one: (str(one["trial"]) != str(word), one["stop"] is not None)
    )  # what was named, and whole ones
    episodes = rows.episodes([one["trial"] for one in same])
    if not episodes:
        raise ConfigError(
            f"{name} has not played {mine.row['split']} episodes of {mine.row['env_id']} as {mine.name} has "
            f"(protocol {mine.row['protocol']}), so there is nothing to compare. Name another with against=TRIAL."
        )
    return _Subject(rows, same[0], episodes)


def _parent(rows: RecallRows, mine: _Subject) -> tuple[str, str, str]:
    """Return name, policy hash and parameters of what an edit started from.

    For a search's row that is the version whose parameters it varies.
    """
    versions = {one.version: one for one in rows.versions()}
    own = next((one for one in versions.values() if one.policy_sha256 == mine.row["policy_sha256"]), None)
    if own is None:
        raise ConfigError(f"{mine.name} is of no version with a parent; say what to compare with: against=TRIAL.")
    before = own if own.params is not None and own.params != mine.row["params"] else versions.get(own.parent or 0)
    if before is None or before.params is None:
        raise ConfigError(f"{own.name} has no parent that was played; say what to compare with: against=TRIAL.")
    return before.name, before.policy_sha256, before.params


def _chosen(mine: _Subject, other: _Subject | None, word: str) -> int:
    """Return the index of an episode chosen by return."""
    if not mine.episodes:
        if mine.row["status"] in _UNFINISHED:
            return 0
        raise ConfigError(f"{mine.name} has no finished episodes.")
    if word == "changed":
        assert other is not None
        return _changed(mine, other)
    ordered = sorted(mine.episodes.values(), key=lambda one: (one["ret"], one["episode"]))
    if word == "best":
        return int(min(ordered, key=lambda one: (-one["ret"], one["episode"]))["episode"])
    return int(ordered[(len(ordered) - 1) // 2 if word == "median" else 0]["episode"])


def _changed(mine: _Subject, other: _Subject) -> int:
    both = sorted(mine.episodes.keys() & other.episodes.keys())
    if not both:
        raise ConfigError(
            f"{mine.name} and {other.name} have no episode in common: {_listed(mine.episodes)} and "
            f"{_listed(other.episodes)}."
        )
    apart = {index: abs(mine.episodes[index]["ret"] - other.episodes[index]["ret"]) for index in both}
    most = max(both, key=lambda index: (apart[index], -index))
    if apart[most] > 0:
        return most
    for index in both:
        if mine.episodes[index]["action_hash"] != other.episodes[index]["action_hash"]:
            return index
    raise ConfigError(
        f"Nothing changed: {mine.name} and {other.name} took the same actions in all {len(both)} episodes that both played."
    )


def _listed(episodes: Mapping[int, Any]) -> str:
    """Return indices in words."""
    indices = sorted(episodes)
    if len(indices) > 2 and indices[-1] - indices[0] == len(indices) - 1:
        return f"{indices[0]} .. {indices[-1]}"
    return ", ".join(map(str, indices[:8])) + (" ..." if len(indices) > 8 else "") if indices else "none"


def _json(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    try:
        found = json.loads(row[name])
    except ValueError as error:
        raise LedgerError(
            f"Trial {row['trial']} has {name} that are no JSON; `fastheur ledger check` says more."
        ) from error
    if not isinstance(found, dict):
        raise LedgerError(
            f"Trial {row['trial']} has {name} that are no JSON object but {row[name]!r:.80}; the ledger was changed."
        )
    return found


def folder_of(ledger: Path) -> Path:
    """Return the folder that replays of a ledger belong in: ``replays`` beside it."""
    return ledger.parent / "replays" if ledger.name == LEDGER else ledger.with_name(f"{ledger.stem}-replays")
