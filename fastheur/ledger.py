"""The ledger: every evaluation is a trial row, every episode a row, every policy source kept by its hash.

SQLite in WAL mode with ``synchronous=FULL`` is the one truth; JSONL and CSV are exports. A trial row is written as
``running`` before the first env step, and its episodes in short transactions while it runs, so that a crash loses at
most the last second of rows.
"""

import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from fastheur.action_log import unpack
from fastheur.batch import Array
from fastheur.database import Database
from fastheur.errors import LedgerError
from fastheur.hopeless import StallRule, StopRule
from fastheur.ledger_export import write_export
from fastheur.migrations import bring_up, schema_version
from fastheur.rollout import Episode
from fastheur.schema import SCHEMA_VERSION
from fastheur.score import Scorecard, Setting

STAGE_NOTE = "race, stage"
"""How the notes of a race's trials begin: parts of an early verdict, never a best score."""


class PolicyText(Protocol):
    """A policy as the ledger keeps it: loaded or not."""

    @property
    def name(self) -> str:
        """Its file."""

    @property
    def source(self) -> str:
        """Its text."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the text."""


@dataclass(frozen=True)
class TrialStart:
    """What is known before the first step.

    Attributes:
        landlock, seccomp: ABI of Landlock and hash of the system-call filter that the policy is shut in with, None where
            it is not.
    """

    name: str
    setting: Setting
    policy: PolicyText
    slots: int
    threads: int
    versions: Mapping[str, str]
    notes: str = ""
    sealed: bool = False
    landlock: int | None = None
    seccomp: str | None = None


class Ledger(Database):
    """An open ledger file; made with its folder when missing.

    Raises:
        LedgerError: it cannot be made, is locked for too long, is damaged, or was written by a newer fastheur.
    """

    def start(self, trials: Sequence[TrialStart]) -> list[int]:
        """Write trials that share a pool as running, in one transaction, and return their numbers."""
        with self._transaction("write a trial"):
            numbers = [self._insert(trial) for trial in trials]
            if len(numbers) > 1:
                change = "UPDATE trials SET population = ? WHERE trial BETWEEN ? AND ?"
                self._db.execute(change, (numbers[0], numbers[0], numbers[-1]))
        return numbers

    def _insert(self, trial: TrialStart) -> int:
        setting, policy = trial.setting, trial.policy
        row = {
            "started": time.time(),
            "status": "running",
            "name": trial.name,
            "env_id": setting.env_id,
            "obs_mode": setting.obs_mode,
            "protocol": setting.protocol,
            "split": setting.split,
            "protocol_args": json.dumps(dict(setting.protocol_args), sort_keys=True),
            "policy_sha256": policy.sha256,
            "params": json.dumps(dict(setting.params), sort_keys=True),
            "warm": setting.warm,
            "isolation": setting.isolation,
            "debug": setting.debug,
            "slots": trial.slots,
            "threads": trial.threads,
            "versions": json.dumps(dict(trial.versions), sort_keys=True),
            "notes": trial.notes,
            "stop": _stop(setting),
            "landlock": trial.landlock,
            "seccomp": trial.seccomp,
        }
        source = (policy.sha256, policy.name, policy.source)
        self._db.execute("INSERT OR IGNORE INTO policies VALUES (?, ?, ?)", source)
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        number = self._insert_row(f"INSERT INTO trials ({columns}) VALUES ({marks})", tuple(row.values()))
        if trial.sealed:  # the secret itself is written when the run has ended
            read = (number, setting.sealed_commitment, time.time())
            self._db.execute("INSERT INTO sealed_reads (trial, commitment, at) VALUES (?, ?, ?)", read)
        return number

    def add_episodes(
        self, trial: int, split: str, episodes: Sequence[Episode], actions: Mapping[int, bytes] | None = None
    ) -> None:
        """Keep finished episodes of a running trial, and by index what :class:`fastheur.action_log.ActionLog` has of them."""
        rows = [
            (
                trial,
                split,
                e.index,
                e.ret,
                e.length,
                e.terminated,
                e.lives_lost,
                e.last_reward_step,
                e.action_hash,
                e.model_steps,
            )
            for e in episodes
        ]
        insert = (
            "INSERT INTO episodes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (trial, episode) DO NOTHING"  # a Ctrl-C came after they were written, and they come again
        )
        with self._transaction("write episodes"):
            self._db.executemany(insert, rows)
            if actions is not None:
                blobs = [(trial, e.index, actions[e.index]) for e in episodes]
                self._db.executemany("INSERT OR IGNORE INTO actions VALUES (?, ?, ?)", blobs)

    def actions(self, trial: int, episode: int) -> Array | None:
        """Return what was done in an episode, int64 (steps,) or float64 (steps, size); None where it was not kept.

        Raises:
            LedgerError: what was kept is damaged.
        """
        row = self._row("SELECT blob FROM actions WHERE trial = ? AND episode = ?", (trial, episode))
        try:
            return None if row is None else unpack(row["blob"])
        except ValueError as error:
            raise LedgerError(f"{self.path}, episode {episode} of trial {trial}: {error}.") from error

    def finish(
        self, trial: int, card: Scorecard, status: str, cpu_s: float | None = None, error: str | None = None
    ) -> None:
        """Settle a trial: its cost always, its score only when it finished."""
        summary = card.to_dict()
        scores = ("score_mean", "score_min", "score_max", "score_iqm", "ci_low", "ci_high", "hns_mean")
        values = {
            "finished": time.time(),
            "status": status,
            "env_steps": card.cost.env_steps,
            "model_steps": card.cost.model_steps,
            "episodes": len(card.episodes),
            "wall_s": card.cost.wall_s,
            "cpu_s": cpu_s,
            "error": error,
            **{key: summary[key] if status == "finished" else None for key in scores},
        }
        sets = ", ".join(f"{key} = ?" for key in values)
        with self._transaction("settle a trial"):
            self._db.execute(f"UPDATE trials SET {sets} WHERE trial = ?", (*values.values(), trial))
            if card.sealed_secret is not None:
                self._db.execute("UPDATE sealed_reads SET secret = ? WHERE trial = ?", (card.sealed_secret, trial))

    def trials(self, env_id: str | None = None, obs_mode: str | None = None) -> list[dict[str, Any]]:
        """Return the trials in order, each with its policy's name; restricted to a task where one is named."""
        query = (
            "SELECT trials.*, policies.name AS policy_name, "
            # a killed trial was never settled: its finished episodes are what is known of its cost
            "coalesce(env_steps, (SELECT sum(length) FROM episodes e WHERE e.trial = trials.trial)) AS known_steps, "
            "coalesce(model_steps, (SELECT sum(model_steps) FROM episodes e WHERE e.trial = trials.trial)) AS known_planned, "
            "coalesce(episodes, (SELECT count(*) FROM episodes e WHERE e.trial = trials.trial)) AS known_episodes "
            "FROM trials JOIN policies ON sha256 = policy_sha256 "
            "WHERE (?1 IS NULL OR env_id = ?1) AND (?2 IS NULL OR obs_mode = ?2) ORDER BY trial"
        )
        with self._explained("read"):
            rows = [dict(row) for row in self._db.execute(query, (env_id, obs_mode))]
        known = {"env_steps": "known_steps", "model_steps": "known_planned", "episodes": "known_episodes"}
        return [{**row, **{name: row.pop(found) for name, found in known.items()}} for row in rows]

    def sealed_reads(self) -> int:
        """Return how many times a sealed split was read."""
        with self._explained("read"):
            return int(self._db.execute("SELECT count(*) FROM sealed_reads").fetchone()[0])

    def export(
        self,
        folder: str | os.PathLike[str],
        env_id: str | None = None,
        obs_mode: str | None = None,
        fold: bool = False,
    ) -> list[Path]:
        """Write ``trials.jsonl`` and ``summary.csv`` into ``folder`` and return their paths.

        ``fold`` writes one line per population, with the steps of all its candidates and the score of the best, so
        that a search of thousands stays readable; ``candidates`` says how many stand behind a line.
        """
        with self._explained(f"export to {folder}"):
            return write_export(self.trials(env_id, obs_mode), Path(folder), fold)

    def _prepare(self) -> None:
        with self._explained("open"):
            found = schema_version(self._db)
        if found != SCHEMA_VERSION:
            with self._transaction("prepare"):
                bring_up(self._db, self.path)


def versions(engine: str) -> dict[str, str]:
    """Return the engine and the versions that a result depends on."""
    names = ("fastheur", "envpool", "ale-py", "numpy", "numba")
    found = {name: metadata.version(name) for name in names}
    return {**found, "engine": engine, "python": platform.python_version(), "machine": platform.machine()}


def _stop(setting: Setting) -> str | None:
    """Return the rule that may cut episodes, as ``stop_below=300``; None without one."""
    if setting.stop_below is not None:
        return StopRule(setting.stop_below, 0.0, 0).stamp.strip(" ()")
    return None if setting.stop_stalled is None else StallRule(setting.stop_stalled, 0).stamp.strip(" ()")
