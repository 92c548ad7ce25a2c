"""The ledger of one run: versions, golden cases and memory beside its books."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fastheur.memory import Entry
from fastheur.regress import GoldenCase
from fastheur.run_books import RunBooks


@dataclass(frozen=True)
class Version:
    """One policy text that was tried: what it claimed, what it scored, and what became of it.

    ``verdict`` is ``open``, ``champion``, ``rejected``, ``failed`` or ``dethroned``; ``reign`` counts the champions.
    """

    version: int
    policy_sha256: str
    parent: int | None
    operation: int
    hypothesis: str
    complexity: int
    trial: int | None
    score: float | None
    verdict: str
    reason: str
    reign: int | None
    source: str = ""

    @property
    def name(self) -> str:
        """How people call it: ``v7``."""
        return f"v{self.version}"


class RunLedger(RunBooks):
    """The ledger in a run folder; see :class:`fastheur.ledger.Ledger`."""

    def episode(self, trial: int, index: int) -> dict[str, Any] | None:
        """Return a trial's record of one episode (ret, length, action_hash ...), or None."""
        return self._row("SELECT * FROM episodes WHERE trial = ? AND episode = ?", (trial, index))

    def best_episode(self, trial: int) -> dict[str, Any]:
        """Return the record of a trial's best episode, the first of equals."""
        [row] = self._rows("SELECT * FROM episodes WHERE trial = ? ORDER BY ret DESC, episode LIMIT 1", (trial,))
        return row

    def source(self, sha256: str) -> str:
        """Return a policy text by its hash."""
        [row] = self._rows("SELECT source FROM policies WHERE sha256 = ?", (sha256,))
        return str(row["source"])

    # ------------------------------------------------------------------ versions

    def add_version(
        self, sha256: str, source: str, parent: int | None, operation: int, hypothesis: str, complexity: int
    ) -> Version:
        """Keep a policy text as the next version."""
        with self._transaction("write a version"):
            number = self._insert_row(
                "INSERT INTO run_versions (policy_sha256, parent, operation, hypothesis, complexity) "
                "VALUES (?, ?, ?, ?, ?)",
                (sha256, parent, operation, hypothesis, complexity),
            )
            self._put_source(sha256, f"v{number}.py", source)
        return self.version(number)

    def keep_source(self, sha256: str, name: str, source: str) -> None:
        """Keep a policy text under its hash."""
        with self._transaction("write a policy"):
            self._put_source(sha256, name, source)

    def _put_source(self, sha256: str, name: str, source: str) -> None:
        self._db.execute("INSERT OR IGNORE INTO policies VALUES (?, ?, ?)", (sha256, name, source))

    def change_version(self, version: int, **changes: Any) -> None:
        """Change columns of a version."""
        sets = ", ".join(f"{name} = ?" for name in changes)
        with self._transaction("write a version"):
            self._db.execute(f"UPDATE run_versions SET {sets} WHERE version = ?", (*changes.values(), version))

    def versions(self) -> list[Version]:
        """Return every version in order, with its source."""
        return self._versions("ORDER BY version")

    def _versions(self, which: str, *values: Any) -> list[Version]:
        query = f"SELECT v.*, source FROM run_versions v JOIN policies ON sha256 = policy_sha256 {which}"
        return [Version(**row) for row in self._rows(query, values)]

    def version(self, number: int) -> Version:
        """Return one version."""
        [version] = self._versions("WHERE version = ?", number)
        return version

    def version_of(self, sha256: str) -> Version | None:
        """Return the version with this hash, or None."""
        return next(iter(self._versions("WHERE policy_sha256 = ?", sha256)), None)

    @property
    def champion(self) -> Version | None:
        """The version that was promoted last."""
        return next(iter(self._versions("WHERE verdict = 'champion'")), None)

    def champion_at(self, env_steps: int) -> Version | None:
        """Return who was champion when so many env steps were charged, or None where nobody was yet."""
        crowned = [
            one for one in self.versions() if one.reign is not None and self.charged_by(one.operation) <= env_steps
        ]
        return max(crowned, key=lambda one: one.reign or 0, default=None)

    def crown(self, version: int, reason: str, cases: Sequence[GoldenCase]) -> None:
        """Make a version the champion, in one transaction with the old one's end and its golden cases."""
        with self._transaction("promote a version"):
            self._db.execute("UPDATE run_versions SET verdict = 'dethroned' WHERE verdict = 'champion'")
            self._db.execute(
                "UPDATE run_versions SET verdict = 'champion', reason = ?, "
                "reign = (SELECT coalesce(max(reign), 0) + 1 FROM run_versions) WHERE version = ?",
                (reason, version),
            )
            for case in cases:
                self._put_golden(case)
                self._put_outcome(case.name, version, case.outcome)

    # ------------------------------------------------------------------ golden cases

    def add_golden(self, case: GoldenCase) -> None:
        """Keep a golden case."""
        with self._transaction("write a golden case"):
            self._put_golden(case)

    def _put_golden(self, case: GoldenCase) -> None:
        self._db.execute("INSERT INTO run_golden VALUES (?, ?)", (case.name, json.dumps(asdict(case))))

    def golden(self) -> list[GoldenCase]:
        """Return the golden cases in order."""
        rows = self._rows("SELECT content FROM run_golden ORDER BY rowid")
        return [GoldenCase(**json.loads(row["content"])) for row in rows]

    def add_outcome(self, name: str, version: int, outcome: float) -> None:
        """Keep what a version returned on a golden case."""
        with self._transaction("write an outcome"):
            self._put_outcome(name, version, outcome)

    def _put_outcome(self, name: str, version: int, outcome: float) -> None:
        self._db.execute("INSERT OR REPLACE INTO run_outcomes VALUES (?, ?, ?)", (name, version, outcome))

    def outcomes(self) -> dict[tuple[int, str], float]:
        """Return the outcome per version and golden case."""
        rows = self._rows("SELECT * FROM run_outcomes ORDER BY version")
        return {(row["version"], row["name"]): row["outcome"] for row in rows}

    # ------------------------------------------------------------------ memory, charges, sessions

    def add_memory(self, kind: str, text: str, operation: int) -> None:
        """Keep a note, a failed direction or a summary."""
        with self._transaction("write memory"):
            self._db.execute(
                "INSERT INTO run_memory (kind, text, at, operation) VALUES (?, ?, ?, ?)",
                (kind, text, time.time(), operation),
            )

    def memory(self) -> list[Entry]:
        """Return the memory in order."""
        rows = self._rows("SELECT kind, text, at, operation FROM run_memory ORDER BY entry")
        return [Entry(row["kind"], row["text"], _iso(row["at"]), row["operation"]) for row in rows]

    def charge(self, tokens: int | None, money: float | None) -> None:
        """Keep what a language model took; None where unknown."""
        with self._transaction("write a charge"):
            self._db.execute("INSERT INTO run_charges VALUES (?, ?, ?)", (time.time(), tokens, money))

    def charged(self) -> tuple[int | None, float | None]:
        """Return tokens and money so far; None where nothing was said about them."""
        row = self._row("SELECT sum(tokens) AS tokens, sum(money) AS money FROM run_charges")
        return (row["tokens"], row["money"]) if row else (None, None)

    def keep(self, kind: str, content: Any) -> None:
        """Keep something of an agent's own."""
        with self._transaction("write"):
            self._db.execute("INSERT INTO run_kept (kind, content) VALUES (?, ?)", (kind, json.dumps(content)))

    def kept(self, kind: str) -> list[Any]:
        """Return what was kept under ``kind``, in order."""
        rows = self._rows("SELECT content FROM run_kept WHERE kind = ? ORDER BY place", (kind,))
        return [json.loads(row["content"]) for row in rows]

    def begin_session(self) -> int:
        """Note that a supervisor works on the run from now on."""
        with self._transaction("write"):
            return self._insert_row("INSERT INTO run_sessions (started, seconds) VALUES (?, 0)", (time.time(),))

    def extend_session(self, session: int, seconds: float) -> None:
        """Note how long a supervisor has been working; by its own steady clock."""
        with self._transaction("write"):
            self._db.execute("UPDATE run_sessions SET seconds = ? WHERE session = ?", (seconds, session))

    def wall_s(self, without: int = 0) -> float:
        """Return the seconds that supervisors have worked on the run, one session left out."""
        query = "SELECT coalesce(sum(seconds), 0) AS s FROM run_sessions WHERE session != ?"
        row = self._row(query, (without,))
        return float(row["s"]) if row else 0.0


def _iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
