"""The books of one run: its operations, reservations and the trials that they pay for.

Order of writing, which makes a crash harmless: a reservation is committed with its trials before its first step, its
episodes while it runs, and it is settled with what the step meter says. What is found open later was cut off, and is
settled the same way.
"""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from fastheur.database import execute_all
from fastheur.ledger import Ledger, TrialStart
from fastheur.rollout import Episode
from fastheur.schema import RUN_SCHEMA_VERSION, RUN_TABLES
from fastheur.score import Scorecard


class RunBooks(Ledger):
    """The ledger in a run folder as far as it counts; see :class:`Ledger`."""

    def _prepare(self) -> None:
        super()._prepare()
        if self.value("run_schema_version") is None:
            with self._transaction("prepare a run"):
                if self.value("run_schema_version") is None:  # no other process was quicker
                    execute_all(self._db, RUN_TABLES)
                    self._put("run_schema_version", RUN_SCHEMA_VERSION)

    def at_once(self, doing: str) -> AbstractContextManager[None]:
        """Write what is written inside in one transaction: all of it, or nothing."""
        return self._transaction(doing)

    # ------------------------------------------------------------------ single values

    def value(self, key: str) -> Any:
        """Return a value of the run (JSON), or None."""
        row = self._row("SELECT value FROM meta WHERE key = ?", (key,))
        return None if row is None else json.loads(row["value"])

    def put(self, **values: Any) -> None:
        """Keep values of the run, JSON each."""
        with self._transaction("write"):
            for key, value in values.items():
                self._put(key, value)

    def _put(self, key: str, value: Any) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    # ------------------------------------------------------------------ operations and reservations

    def open_operation(self, name: str, request: Mapping[str, Any]) -> int:
        """Write an operation as open and return its number."""
        row = (name, json.dumps(request, sort_keys=True), time.time())
        with self._transaction("write an operation"):
            return self._insert_row(
                "INSERT INTO run_operations (name, request, status, started) VALUES (?, ?, 'open', ?)", row
            )

    def close_operation(
        self, operation: int, status: str, answer: Mapping[str, Any] | None, over: str | None = None
    ) -> None:
        """Write what an operation answered, and with it why the run is over, where it is over now."""
        values = (status, None if answer is None else json.dumps(answer), time.time(), operation)
        with self._transaction("write an answer"):
            self._db.execute(
                "UPDATE run_operations SET status = ?, answer = ?, finished = ? WHERE operation = ?", values
            )
            if over is not None:
                self.put(over=over, status="over")

    def operation_status(self, operation: int) -> str | None:
        """Return ``open``, ``done``, ``refused`` or ``interrupted``; None where there is no such operation."""
        row = self._row("SELECT status FROM run_operations WHERE operation = ?", (operation,))
        return None if row is None else str(row["status"])

    def searched(self, request: Mapping[str, Any]) -> int:
        """Return the most generations of a search that was done with what ``request`` names."""
        query = (
            "SELECT json_extract(answer, '$.data.generations') AS n FROM run_operations "
            "WHERE name = 'search' AND status = 'done'"
        )
        where = "".join(f" AND json_extract(request, '$.{key}') = ?" for key in request)
        values = [
            value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
            for value in request.values()
        ]
        return max((row["n"] or 0 for row in self._rows(query + where, values)), default=0)

    def operations(self) -> list[dict[str, Any]]:
        """Return the operations in order, request and answer as JSON values, with the env steps they were charged."""
        rows = self._rows(
            "SELECT *, (SELECT coalesce(sum(steps), 0) FROM run_reservations r WHERE r.operation = o.operation "
            "AND role != 'sealed') AS env_steps FROM run_operations o ORDER BY operation"
        )
        return [
            {**row, "request": json.loads(row["request"]), "answer": row["answer"] and json.loads(row["answer"])}
            for row in rows
        ]

    def reserve(
        self, operation: int, role: str, steps: int, starts: Sequence[TrialStart] = ()
    ) -> tuple[int, list[int]]:
        """Write a reservation, and the trials that are paid from it as running; return its number and theirs."""
        row = (operation, role, steps)
        with self._transaction("reserve steps"):
            number = self._insert_row("INSERT INTO run_reservations (operation, role, reserved) VALUES (?, ?, ?)", row)
            trials = self.start(starts)
            self._db.executemany("INSERT INTO run_trials VALUES (?, ?)", [(trial, number) for trial in trials])
        return number, trials

    def settle(self, reservation: int, steps: int, model_steps: int = 0) -> None:
        """Replace a reservation by what was taken; it has no model steps, not even none, where nothing was planned."""
        with self._transaction("settle steps"):
            self._db.execute(
                "UPDATE run_reservations SET steps = ?, model_steps = ? WHERE reservation = ?",
                (steps, model_steps or None, reservation),
            )

    def steps(self) -> tuple[int, int]:
        """Return the env steps charged to the budget, open reservations in full, and those of sealed reads."""
        query = "SELECT role = 'sealed' AS sealed, sum(coalesce(steps, reserved)) AS n FROM run_reservations GROUP BY 1"
        found = {row["sealed"]: row["n"] for row in self._rows(query)}
        return found.get(0, 0), found.get(1, 0)

    def charged_by(self, operation: int) -> int:
        """Return the env steps charged to the budget up to the end of an operation."""
        query = (
            "SELECT sum(coalesce(steps, reserved)) AS n FROM run_reservations WHERE role != 'sealed' AND operation <= ?"
        )
        row = self._row(query, (operation,))
        return int(row["n"] or 0) if row else 0

    def charged_by_trial(self) -> dict[int, int]:
        """Return per trial the env steps charged to the budget up to the end of what paid for it."""
        query = (
            "SELECT trial, n FROM run_trials JOIN (SELECT reservation, sum(CASE role WHEN 'sealed' THEN 0 ELSE coalesce(steps, "
            "reserved) END) OVER (ORDER BY reservation) AS n FROM run_reservations) USING (reservation)"
        )
        return {row["trial"]: row["n"] for row in self._rows(query)}

    def model_steps(self) -> int | None:
        """Return the model steps charged to the budget, sealed reads left out; None where nothing was planned."""
        row = self._row("SELECT sum(model_steps) AS n FROM run_reservations WHERE role != 'sealed'")
        return row["n"] if row else None

    def steps_by_role(self) -> dict[str, int]:
        """Return the env steps per role (train, validation, golden, search, probe, trace, replay, sealed)."""
        query = "SELECT role, sum(coalesce(steps, reserved)) AS n FROM run_reservations GROUP BY role ORDER BY role"
        return {row["role"]: row["n"] for row in self._rows(query)}

    def model_steps_by_role(self) -> dict[str, int]:
        """Return the model steps per role; empty where nothing was planned."""
        query = "SELECT role, sum(model_steps) AS n FROM run_reservations WHERE model_steps NOT NULL GROUP BY role ORDER BY role"
        return {row["role"]: row["n"] for row in self._rows(query)}

    def open_reservations(self) -> list[int]:
        """Return the numbers of the reservations that were never settled."""
        rows = self._rows("SELECT reservation FROM run_reservations WHERE steps IS NULL ORDER BY reservation")
        return [row["reservation"] for row in rows]

    def interrupt_open(self) -> None:
        """Close what a process left behind: operations that nobody works on any more."""
        with self._transaction("close what was cut off"):
            self._db.execute(
                "UPDATE run_operations SET status = 'interrupted', finished = ? WHERE status = 'open'", (time.time(),)
            )

    # ------------------------------------------------------------------ trials

    def running_trials(self, reservation: int) -> list[int]:
        """Return the trials of a reservation that were never settled."""
        query = "SELECT trial FROM run_trials JOIN trials USING (trial) WHERE reservation = ? AND status = 'running'"
        return [row["trial"] for row in self._rows(query, (reservation,))]

    def interrupt_trial(self, trial: int, env_steps: int, model_steps: int | None, error: str) -> None:
        """Settle a trial that a crash cut off: its cost, and no score."""
        with self._transaction("settle a trial"):
            self._db.execute(
                "UPDATE trials SET status = 'interrupted', finished = ?, env_steps = ?, model_steps = ?, error = ?, "
                "episodes = "
                "(SELECT count(*) FROM episodes e WHERE e.trial = trials.trial) WHERE trial = ?",
                (time.time(), env_steps, model_steps, error, trial),
            )

    def known_steps(self, trial: int) -> int:
        """Return the env steps of a trial's finished episodes."""
        row = self._row("SELECT coalesce(sum(length), 0) AS n FROM episodes WHERE trial = ?", (trial,))
        return int(row["n"]) if row else 0

    def known_model_steps(self, trial: int) -> int | None:
        """Return the model steps of a trial's finished episodes; None where there is none that planned."""
        row = self._row("SELECT sum(model_steps) AS n FROM episodes WHERE trial = ?", (trial,))
        return row["n"] if row else None

    def keep_episodes(
        self, trial: int, key: Sequence[str], split: str, played: Sequence[tuple[Episode, Mapping[str, Any] | None]]
    ) -> None:
        """Keep finished episodes of a trial; ``key`` is policy hash, params and setting: whoever asks again gets them."""
        if not played:
            return
        rows = [
            (*key, e.index, trial, json.dumps(asdict(e)), None if record is None else json.dumps(record))
            for e, record in played
        ]
        with self._transaction("write episodes"):
            self.add_episodes(trial, split, [episode for episode, _ in played])
            self._db.executemany("INSERT OR IGNORE INTO run_episodes VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def known_episodes(self, key: Sequence[str]) -> dict[int, tuple[Episode, dict[str, Any] | None, int]]:
        """Return by index the episodes already played for policy hash, params and setting: result, record, trial."""
        rows = self._rows(
            "SELECT * FROM run_episodes WHERE policy_sha256 = ? AND params = ? AND setting = ?", tuple(key)
        )
        return {
            row["episode"]: (
                Episode(**json.loads(row["result"])),
                row["record"] and json.loads(row["record"]),
                row["trial"],
            )
            for row in rows
        }

    def finish_trials(self, numbers: Sequence[int], cards: Sequence[Scorecard], status: str, error: str | None) -> None:
        """Settle trials that shared a pool."""
        with self._transaction("settle trials"):
            for number, card in zip(numbers, cards, strict=True):
                self.finish(number, card, status, None, error)

    def train_returns(self, sha256: str, protocol: str) -> list[float]:
        """Return what a policy's finished train episodes under the protocol with that label gave, in their order."""
        rows = self._rows(
            "SELECT min(ret) AS ret FROM episodes JOIN trials USING (trial) JOIN run_trials USING (trial) "
            "JOIN run_reservations USING (reservation) WHERE policy_sha256 = ? AND protocol = ? AND role = 'train' "
            "GROUP BY episode ORDER BY episode",
            (sha256, protocol),
        )
        return [float(row["ret"]) for row in rows]

    def golden_steps(self, sha256: str, least: int = 0) -> int:
        """Return the env steps of a policy's finished golden episodes from index ``least`` on."""
        row = self._row(
            "SELECT coalesce(sum(length), 0) AS n FROM trials JOIN run_trials USING (trial) "
            "JOIN run_reservations USING (reservation) JOIN episodes ON episodes.trial = trials.trial "
            "WHERE policy_sha256 = ? AND role = 'golden' AND episode >= ?",
            (sha256, least),
        )
        return int(row["n"]) if row else 0

    def trial(self, number: int) -> dict[str, Any] | None:
        """Return one trial with its policy's source and the role it was played in, or None."""
        row = self._row(
            "SELECT trials.*, source, role FROM trials JOIN policies ON sha256 = policy_sha256 "
            "LEFT JOIN run_trials USING (trial) LEFT JOIN run_reservations USING (reservation) WHERE trial = ?",
            (number,),
        )
        return None if row is None else {**row, "params": json.loads(row["params"])}
