"""Checks a ledger without touching it: the file, its write-ahead log, its tables, its books, and a run's step meter."""

import contextlib
import fcntl
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastheur.database import Connection, DatabaseError, connect, execute_all, explained, in_memory
from fastheur.errors import LedgerError
from fastheur.ledger_books import Finding, broken_rules
from fastheur.meter import read_meter
from fastheur.migrations import bring_up, check_version, schema_version
from fastheur.run_folder import LEDGER, LOCK, METER
from fastheur.schema import RUN_TABLES, SCHEMA_VERSION, TABLES
from fastheur.wal import read_wal

_SHARED_LOCK = (0x40000002, 510)
"""Bytes of the file that SQLite locks for as long as it has it open in WAL mode: first, and how many."""


@dataclass(frozen=True)
class Report:
    """What a check has found.

    Attributes:
        path: the ledger. findings: notes among them. rows: per table, as far as they can be counted.
        in_use: another process has it open, so that what is open or running is no finding.
    """

    path: Path
    findings: tuple[Finding, ...]
    rows: dict[str, int]
    in_use: bool

    @property
    def sound(self) -> bool:
        """True where nothing but notes was found."""
        return all(finding.kind == "note" for finding in self.findings)

    @property
    def damaged(self) -> bool:
        """True where the file itself is damaged, and not only what is written in it."""
        return any(finding.kind == "damage" for finding in self.findings)


def check(path: Path, held: bool = False) -> Report:
    """Check a ledger; nothing of it is changed, another process may be writing to it.

    Args:
        held: the caller sees to it that nobody does.

    Raises:
        LedgerError: there is none, it cannot be read at all, or a newer fastheur wrote it.
    """
    if not path.is_file():
        raise LedgerError(f"There is no ledger {path}.")
    in_use = not held and used_elsewhere(path)
    findings = [] if in_use else list(_log_findings(path))
    with explained("read", path), private_copy(path, in_use) as copy, contextlib.closing(connect(copy)) as db:
        version = schema_version(db)
        if version is not None or copy.stat().st_size:  # an empty file is a ledger that has not begun
            check_version(version, path)
        if version != SCHEMA_VERSION:
            findings.append(Finding("note", f"its schema is {version}; its next use takes it to {SCHEMA_VERSION}"))
            db.execute("BEGIN IMMEDIATE")
            bring_up(db, copy)
            db.execute("COMMIT")
        run = is_run(db)
        findings += _structure(db, run)
        findings += [finding for finding in broken_rules(db, run) if not (in_use and finding.kind == "cut off")]
        if run and not in_use:
            findings += _meter_findings(db, path.with_name(METER))
        rows = _counted(db, run)
    return Report(path, tuple(findings), rows, in_use)


def is_run(db: Connection) -> bool:
    """True for the ledger of a run, which has tables of its own."""
    return bool(db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'run_operations'").fetchone()[0])


def used_elsewhere(path: Path) -> bool:
    """True where another process works on the run, or has the ledger open.

    Not to be called where this process has the ledger open itself: its locks would be dropped by the system.
    """
    lock = path.with_name(LOCK)
    if path.name == LEDGER and lock.is_file():
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    with path.open("rb") as file:
        wanted = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, *_SHARED_LOCK, 0)
        kind = struct.unpack("h", fcntl.fcntl(file, fcntl.F_GETLK, wanted)[:2])[0]
    return bool(kind != fcntl.F_UNLCK)


@contextlib.contextmanager
def private_copy(path: Path, in_use: bool = False, log: bool = True) -> Iterator[Path]:
    """Give a copy of a ledger to work on, with its write-ahead ``log`` or without; gone afterwards.

    Raises:
        DatabaseError, OSError: it cannot be read or copied.
    """
    with tempfile.TemporaryDirectory(prefix="fastheur-ledger-") as folder:
        copy = Path(folder) / path.name
        if in_use:  # SQLite's own copy: what is committed at one moment
            with (
                contextlib.closing(connect(path, read_only=True)) as source,
                contextlib.closing(connect(copy)) as target,
            ):
                source.backup(target)
        else:
            shutil.copyfile(path, copy)
            beside = path.with_name(f"{path.name}-wal")
            if log and beside.exists():
                shutil.copyfile(beside, copy.with_name(beside.name))
        yield copy


def _log_findings(path: Path) -> Iterator[Finding]:
    with explained("read", path):
        log = read_wal(path.with_name(f"{path.name}-wal"))
    if log is not None and log.fault is not None:
        yield Finding(
            "cut off",
            f"the write-ahead log: {log.fault}; {log.committed:,} of its pages are used, {log.dropped:,} behind them are not. "
            "What was committed before is there; a write under way, or the end of a log that was cut, is not",
        )


def _structure(db: Connection, run: bool) -> Iterator[Finding]:
    """Check pages, references and tables."""
    try:
        found = [row[0] for row in db.execute("PRAGMA integrity_check(20)")]
        yield from (Finding("damage", str(text).replace("\n", " ")) for text in found if text != "ok")
        broken: dict[tuple[str, str], int] = {}
        for table, _, parent, _ in db.execute("PRAGMA foreign_key_check"):
            broken[table, parent] = broken.get((table, parent), 0) + 1
        for (table, parent), count in broken.items():
            yield Finding("books", f"{count:,} rows of {table} refer to rows of {parent} that are not there")
    except DatabaseError as error:
        yield Finding("damage", f"its pages cannot all be read: {error}")
    with contextlib.closing(in_memory()) as fresh:
        execute_all(fresh, TABLES + (RUN_TABLES if run else ""))
        wanted, there = _columns(fresh), _columns(db)
    for name, columns in wanted.items():
        if there.get(name) != columns:
            missing = ", ".join(sorted(set(columns) - set(there.get(name, ())))) or "none"
            yield Finding("damage", f"{name} is not as it should be; columns that are missing: {missing}")


def _columns(db: Connection) -> dict[str, list[str]]:
    """Return the columns of every table and index by its name."""
    names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE name NOT GLOB 'sqlite_*'")]
    return {
        name: [str(row[1]) for row in db.execute(f'PRAGMA table_info("{name}")')]
        or [str(row[2]) for row in db.execute(f'PRAGMA index_info("{name}")')]
        for name in names
    }


def _counted(db: Connection, run: bool) -> dict[str, int]:
    rows = {}
    for name in ("trials", "episodes", "policies", *(("run_operations", "run_versions") if run else ())):
        with contextlib.suppress(DatabaseError):
            rows[name.removeprefix("run_")] = int(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0])
    return rows


def _meter_findings(db: Connection, path: Path) -> Iterator[Finding]:
    """Compare a run's step meter with the reservations."""
    meter = read_meter(path)
    try:
        rows = db.execute("SELECT reservation, reserved, steps FROM run_reservations").fetchall()
    except DatabaseError:  # told already
        return
    if meter is None:
        if rows:
            yield Finding(
                "note", f"there is no step meter {path.name}; what was cut off is known by its finished episodes"
            )
        return
    if meter.reservation > max((row["reservation"] for row in rows), default=0):
        yield Finding(
            "books", f"the step meter has counted reservation {meter.reservation}, which the ledger does not know: it has lost "
            "its latest writes"
        )  # fmt: skip
    for number, reserved, steps in rows:
        if number == meter.reservation and meter.taken > (reserved if steps is None else steps):
            said = "reserved" if steps is None else "settled"
            yield Finding(
                "books", f"reservation {number} is {said} with {reserved if steps is None else steps} env steps, and the step "
                f"meter says {meter.taken}"
            )  # fmt: skip
        elif number != meter.reservation and steps is None:
            yield Finding(
                "note", f"the step meter does not count reservation {number}; its finished episodes are what is known"
            )
