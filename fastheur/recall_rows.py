"""Reads from a ledger what a replay needs: trials with their source, their episodes, versions, and what may be seen yet."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastheur.errors import ConfigError, LedgerError, nearest
from fastheur.ledger import Ledger
from fastheur.migrations import current_copy
from fastheur.run_folder import LEDGER, find_run
from fastheur.schema import HIDDEN
from fastheur.seeds import commitment

CHAMPION = "champion"

_ALIKE = ("env_id", "obs_mode", "protocol_args", "split", "commitment")
"""Where these are the same, the same index is the same episode."""


@dataclass(frozen=True)
class Version:
    """A version of a run: its number, hash and parent, and its own trial with the parameters it was played with."""

    version: int
    policy_sha256: str
    parent: int | None
    trial: int | None
    verdict: str
    params: str | None

    @property
    def name(self) -> str:
        """How people call it: ``v7``."""
        return f"v{self.version}"


class RecallRows(Ledger):
    """A ledger of ``fastheur eval`` or of a run as it is at this moment; the file is never written to.

    Raises:
        LedgerError: it cannot be read, is no ledger, or a newer fastheur wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = current_copy(path)

    @property
    def is_run(self) -> bool:
        """True where it is the ledger of a run."""
        return self._row("SELECT 1 FROM sqlite_master WHERE name = 'run_versions'") is not None

    def value(self, key: str) -> Any:
        """Return a value of the run (JSON), or None."""
        row = self._row("SELECT value FROM meta WHERE key = ?", (key,))
        return None if row is None else json.loads(row["value"])

    def trial(self, number: int) -> dict[str, Any]:
        """Return a trial with its source, the role it was played in and the commitment to its sealed seeds.

        Raises:
            ConfigError: there is none. LedgerError: its source is not the one of its hash.
        """
        found = self._trials("WHERE t.trial = ?", (number,)) if number < 1 << 63 else []
        if not found:
            last = self._row("SELECT max(trial) AS last FROM trials") or {}
            has = f"trials 1 .. {last['last']}" if last.get("last") else "no trials yet"
            raise ConfigError(f"There is no trial {number} in {self.path}; it has {has}.")
        [row] = found
        if hashlib.sha256(row["source"].encode()).hexdigest() != row["policy_sha256"]:
            raise LedgerError(
                f"The policy text of trial {number} is not the one of its hash {row['policy_sha256'][:12]}, so it cannot be "
                f"played again; `fastheur ledger check ledger={self.path}` says more."
            )
        return row

    def alike(self, setting: dict[str, Any], sha256: str, params: str) -> list[dict[str, Any]]:
        """Return the trials of a policy with these parameters that played the same episodes as ``setting``, a trial."""
        rows = self._trials("WHERE policy_sha256 = ? AND params = ? AND warm = 0", (sha256, params))
        return [row for row in rows if all(row[name] == setting[name] for name in _ALIKE)]

    def last_finished(self) -> int | None:
        """Return the number of the last trial that finished with addressed episodes, or None."""
        row = self._row("SELECT max(trial) AS last FROM trials WHERE status = 'finished' AND warm = 0")
        return row["last"] if row else None

    def episodes(self, trials: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Return the finished episodes of trials by index; of those that several have played, that of the trial named first."""
        found: dict[int, dict[str, Any]] = {}
        for trial in trials:
            for row in self._rows("SELECT * FROM episodes WHERE trial = ? ORDER BY episode", (trial,)):
                found.setdefault(row["episode"], row)
        return found

    def versions(self) -> list[Version]:
        """Return the versions of a run in order; none of a plain ledger."""
        if not self.is_run:
            return []
        rows = self._rows(
            "SELECT version, v.policy_sha256, parent, v.trial, verdict, params FROM run_versions v "
            "LEFT JOIN trials USING (trial) ORDER BY version"
        )
        return [Version(**row) for row in rows]

    def addressed(self, word: str | int | None) -> tuple[dict[str, Any], bool]:
        """Return the trial that ``word`` names, and True where it stands for a whole version.

        Args:
            word: a trial's number, ``v7``, ``champion``; None for the champion, or for a plain ledger's last trial.

        Raises:
            ConfigError: there is no such trial or version, or it was never played.
        """
        if word is None or word == CHAMPION:
            champion = next((one for one in self.versions() if one.verdict == CHAMPION), None)
            if champion is not None:
                return self._own_trial(champion), True
            last = self.last_finished()
            if word == CHAMPION or last is None:
                what = "champion" if word == CHAMPION else "finished trial"
                raise ConfigError(f"{self.path} has no {what}; name a trial by its number.")
            return self.trial(last), False
        text = str(word)
        if text.isdecimal():
            return self.trial(int(text)), False
        known = {one.name: one for one in self.versions()}
        if text not in known:
            has = f"v1 .. v{len(known)}" if known else "no versions"
            raise ConfigError(
                f"trial is {text!r}, expected a number, champion or a version such as v1; {self.path} has {has}."
                f"{nearest(text, known)}"
            )
        return self._own_trial(known[text]), True

    def secret_of(self, row: dict[str, Any]) -> str | None:
        """Return the secret behind a trial's sealed seeds; None for the other splits.

        Raises:
            ConfigError: it was not revealed. LedgerError: it is not the one that was committed to.
        """
        if row["split"] != "sealed":
            return None
        read = self._row("SELECT * FROM sealed_reads WHERE trial = ?", (row["trial"],)) or {}
        secret = read.get("secret") or (self.value("secret") if self.is_run else None)
        if not secret:
            raise ConfigError(
                f"Trial {row['trial']} was played on sealed episodes, and never came to its end: their secret is not in "
                "the ledger, so they cannot be played again."
            )
        if commitment(str(secret)) != read.get("commitment"):
            raise LedgerError(f"The sealed secret of trial {row['trial']} is not the one that was committed to.")
        return str(secret)

    def check_open(self, row: dict[str, Any]) -> None:
        """Check that a trial's episodes may be seen by now.

        Raises:
            ConfigError: its run is not over, and nobody is to tune to these episodes.
        """
        if self.is_run and row["split"] in HIDDEN.get(str(self.value("status")), ()):
            when = "when it is over" if row["split"] == "validation" else "when its champion is confirmed"
            raise ConfigError(
                f"Trial {row['trial']} was played on {row['split']} episodes, and its run is still open: they can be seen "
                f"{when}, since until then one could tune to them. Its train episodes can be seen now."
            )

    def _own_trial(self, version: Version) -> dict[str, Any]:
        trial = version.trial
        if trial is None:  # it failed, or was cut off
            row = self._row("SELECT max(trial) AS last FROM trials WHERE policy_sha256 = ?", (version.policy_sha256,))
            trial = row["last"] if row else None
        if trial is None:
            raise ConfigError(f"{version.name} was never played; name a trial by its number.")
        return self.trial(trial)

    def _trials(self, which: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        role = (
            "(SELECT role FROM run_trials r JOIN run_reservations USING (reservation) WHERE r.trial = t.trial)"
            if self.is_run
            else "NULL"
        )
        return self._rows(
            f"SELECT t.*, p.source, p.name AS policy_name, s.[commitment], {role} AS role FROM trials t "
            f"JOIN policies p ON p.sha256 = t.policy_sha256 LEFT JOIN sealed_reads s ON s.trial = t.trial {which} "
            "ORDER BY t.trial",
            values,
        )


def open_rows(where: str | Path) -> RecallRows:
    """Open the ledger of a run folder, of a run's name, or a ledger file.

    Raises:
        ConfigError: there is none; the nearest names are offered.
    """
    return RecallRows(ledger_of(where))


def ledger_of(where: str | Path) -> Path:
    """Return the ledger file that a run folder, a run's name, or the file itself names.

    Raises:
        ConfigError: there is none; the nearest names are offered.
    """
    if not isinstance(where, (str, Path)):
        raise ConfigError(f"The run is {where!r}, expected its name, its folder or a ledger file, as a text or a Path.")
    path = Path(where)
    try:
        return path if path.is_file() else find_run(where) / LEDGER
    except OSError as error:
        raise ConfigError(f"There is no run {str(where)!r:.200}: {error.strerror}.") from error
