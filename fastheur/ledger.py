"""The ledger: every evaluation is a trial row, every episode a row, every policy source kept by its hash.

SQLite in WAL mode with ``synchronous=FULL`` is the one truth; JSONL and CSV are exports. A trial row is written as
``running`` before the first env step, and its episodes in short transactions while it runs, so that a crash loses at
most the last second of rows.
"""

import contextlib
import csv
import json
import os
import platform
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from fastheur.errors import LedgerError
from fastheur.rollout import Episode
from fastheur.score import Scorecard, Setting

SCHEMA_VERSION = 1
LOCK_SECONDS = 20.0
"""How long a writer waits for another one before it gives up."""

STAGE_NOTE = "race, stage"
"""How the notes of a race's trials begin: parts of an early verdict, never a best score."""

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE policies (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL);
CREATE TABLE trials (
    trial INTEGER PRIMARY KEY AUTOINCREMENT, population INTEGER,
    started REAL NOT NULL, finished REAL,
    status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'interrupted', 'failed')),
    name TEXT NOT NULL, env_id TEXT NOT NULL, obs_mode TEXT NOT NULL, protocol TEXT NOT NULL, split TEXT NOT NULL,
    protocol_args TEXT NOT NULL, policy_sha256 TEXT NOT NULL REFERENCES policies, params TEXT NOT NULL,
    warm INTEGER NOT NULL, isolation TEXT NOT NULL, debug INTEGER NOT NULL,
    slots INTEGER NOT NULL, threads INTEGER NOT NULL, versions TEXT NOT NULL, notes TEXT NOT NULL,
    env_steps INTEGER, model_steps INTEGER, episodes INTEGER, wall_s REAL, cpu_s REAL, tokens INTEGER, money REAL,
    score_mean REAL, score_min REAL, score_max REAL, score_iqm REAL, ci_low REAL, ci_high REAL, hns_mean REAL, error TEXT
);
CREATE TABLE episodes (
    trial INTEGER NOT NULL REFERENCES trials, split TEXT NOT NULL, episode INTEGER NOT NULL,
    ret REAL NOT NULL, length INTEGER NOT NULL, terminated INTEGER NOT NULL, lives_lost INTEGER NOT NULL,
    last_reward_step INTEGER NOT NULL, action_hash TEXT NOT NULL, PRIMARY KEY (trial, episode)
);
CREATE TABLE sealed_reads (
    trial INTEGER PRIMARY KEY REFERENCES trials, commitment TEXT NOT NULL, secret TEXT, at REAL NOT NULL
);
CREATE INDEX trials_by_task ON trials (env_id, obs_mode, protocol);
"""

EXPORT_FIELDS = (
    "trial_index", "timestamp", "env_id", "obs_mode", "trial_name", "episodes_finished", "env_steps", "score_mean",
    "score_min", "score_max", "cumulative_env_steps", "cumulative_episodes", "policy_config", "notes",
    "protocol", "protocol_args", "split", "status", "policy_sha256", "wall_s", "hns_mean", "candidates", "warm",
    "debug",
)  # fmt: skip
"""Names of the reference's own records first, then ours."""


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
    """What is known before the first step."""

    name: str
    setting: Setting
    policy: PolicyText
    slots: int
    threads: int
    versions: Mapping[str, str]
    notes: str = ""
    sealed: bool = False


class Ledger:
    """An open ledger file; made with its folder when missing.

    Raises:
        LedgerError: it cannot be made, is locked for too long, is damaged, or was written by a newer fastheur.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        with self._explained("open"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._enter_wal()
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA foreign_keys=ON")
            self._prepare()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

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
        }
        source = (policy.sha256, policy.name, policy.source)
        self._db.execute("INSERT OR IGNORE INTO policies VALUES (?, ?, ?)", source)
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        number = self._db.execute(f"INSERT INTO trials ({columns}) VALUES ({marks})", tuple(row.values())).lastrowid
        assert number is not None
        if trial.sealed:
            read = (
                number,
                setting.sealed_commitment,
                time.time(),
            )  # the secret itself is written when the run has ended
            self._db.execute("INSERT INTO sealed_reads (trial, commitment, at) VALUES (?, ?, ?)", read)
        return number

    def add_episodes(self, trial: int, split: str, episodes: Sequence[Episode]) -> None:
        """Keep finished episodes of a running trial."""
        rows = [
            (trial, split, e.index, e.ret, e.length, e.terminated, e.lives_lost, e.last_reward_step, e.action_hash)
            for e in episodes
        ]
        with self._transaction("write episodes"):
            self._db.executemany("INSERT INTO episodes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

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
            "coalesce(episodes, (SELECT count(*) FROM episodes e WHERE e.trial = trials.trial)) AS known_episodes "
            "FROM trials JOIN policies ON sha256 = policy_sha256 "
            "WHERE (?1 IS NULL OR env_id = ?1) AND (?2 IS NULL OR obs_mode = ?2) ORDER BY trial"
        )
        with self._explained("read"):
            rows = [dict(row) for row in self._db.execute(query, (env_id, obs_mode))]
        return [{**row, "env_steps": row.pop("known_steps"), "episodes": row.pop("known_episodes")} for row in rows]

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
        rows = [{**row, "candidates": 1} for row in self.trials(env_id, obs_mode)]
        records = [reference_record(row) for row in _with_totals(_folded(rows) if fold else rows)]
        target = Path(folder)
        with self._explained(f"export to {target}"):
            target.mkdir(parents=True, exist_ok=True)
            lines = target / "trials.jsonl"
            lines.write_text("".join(json.dumps(record) + "\n" for record in records))
            table = target / "summary.csv"
            with table.open("w", newline="") as file:
                writer = csv.DictWriter(file, EXPORT_FIELDS)
                writer.writeheader()
                writer.writerows(records)
        return [lines, table]

    def _enter_wal(self) -> None:
        """Switch to WAL; SQLite does not wait by itself where another process makes the same new file."""
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _prepare(self) -> None:
        with self._transaction("prepare"):
            tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if not tables:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._db.execute(statement)
                self._db.execute("INSERT INTO meta VALUES ('schema_version', ?)", (str(SCHEMA_VERSION),))
            row = self._db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        if row is None or int(row[0]) != SCHEMA_VERSION:
            found = "none" if row is None else row[0]
            raise LedgerError(
                f"{self.path} has ledger schema {found}, this fastheur reads {SCHEMA_VERSION}. Name another ledger=FILE."
            )

    @contextlib.contextmanager
    def _transaction(self, doing: str) -> Iterator[None]:
        with self._explained(doing):
            if self._db.in_transaction:  # a part of a larger one
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextlib.contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerError(f"Cannot {doing} in the ledger {self.path}: {_reason(error)}") from error
        except OSError as error:
            raise LedgerError(f"Cannot {doing} in the ledger {self.path}: {error.strerror or error}.") from error


def reference_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trial under the field names of the reference's own ``trials.jsonl``, with ours behind them."""
    renamed = {
        "trial_index": row["trial"],
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(row["started"])),
        "trial_name": row["name"],
        "episodes_finished": row["episodes"],
        "policy_config": row["params"],
    }
    return {name: renamed.get(name, row[name] if name not in renamed else None) for name in EXPORT_FIELDS}


def versions(engine: str) -> dict[str, str]:
    """Return the engine and the versions that a result depends on."""
    names = ("fastheur", "envpool", "ale-py", "numpy", "numba")
    found = {name: metadata.version(name) for name in names}
    return {**found, "engine": engine, "python": platform.python_version(), "machine": platform.machine()}


def _folded(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Replace each population by its best candidate, which then carries the cost of all."""
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        member = row["population"] is not None
        groups.setdefault(("population", row["population"]) if member else ("trial", row["trial"]), []).append(row)
    folded = []
    for group in groups.values():
        best = max(group, key=lambda row: float("-inf") if row["score_mean"] is None else row["score_mean"])
        total = {key: sum(row[key] or 0 for row in group) for key in ("env_steps", "episodes", "wall_s")}
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


def _reason(error: sqlite3.Error) -> str:
    text = str(error)
    if "locked" in text:
        return f"another process has kept it locked for {LOCK_SECONDS:.0f} s. Wait for it, or name another ledger=FILE."
    if "not a database" in text or "malformed" in text:
        return f"the file is damaged or no ledger ({text}). Move it away and keep it, or name another ledger=FILE."
    if "full" in text:
        return "the disk is full. Everything written before is safe; free some space and go on."
    if "readonly" in text or "unable to open" in text:
        return f"{text}. Check the folder's permissions, or name another ledger=FILE."
    return f"{text}."
