"""Takes ledgers of older fastheurs to today's tables: one step per version, all in one transaction, after a copy was made."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from fastheur.database import Connection, connect, execute_all, explained, snapshot
from fastheur.errors import LedgerError
from fastheur.schema import SCHEMA_VERSION, TABLES


class NewerLedger(LedgerError):
    """A newer fastheur wrote the ledger: it is left alone."""


def schema_version(db: Connection) -> int | None:
    """Return the version of the file's tables; None where it has none.

    Raises:
        DatabaseError: the file cannot be read.
    """
    if not db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'meta'").fetchone()[0]:
        return None
    row = db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    return int(row[0]) if row is not None and str(row[0]).isdecimal() else None


def check_version(found: int | None, path: Path) -> None:
    """Refuse a file of no version, or of a newer one.

    Raises:
        LedgerError: the file is no ledger. NewerLedger: a newer fastheur wrote it.
    """
    if found is None:
        raise LedgerError(
            f"{path} is a database, but no ledger of fastheur: it names no schema version. Name another ledger=FILE."
        )
    if found > SCHEMA_VERSION:
        raise NewerLedger(
            f"{path} has ledger schema {found}, written by a newer fastheur; this one reads up to {SCHEMA_VERSION}. "
            "Update fastheur, or name another ledger=FILE."
        )


def bring_up(db: Connection, path: Path) -> None:
    """Make today's tables in an empty file, or take those of an older one there, in the transaction that is open.

    Before anything is changed the older file is copied to ``NAME.vN.bak``.

    Raises:
        LedgerError: the file is no ledger, or a newer fastheur wrote it; nothing was changed.
    """
    found = schema_version(db)  # read again, under the lock: another process may have been quicker
    if found is None and not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        execute_all(db, TABLES)
        db.execute("INSERT INTO meta VALUES ('schema_version', ?)", (str(SCHEMA_VERSION),))
        return
    check_version(found, path)
    assert found is not None
    if found < SCHEMA_VERSION:
        _copy(path, path.with_name(f"{path.name}.v{found}.bak"))
        change_tables(db, found)


def change_tables(db: Connection, found: int) -> None:
    """Take the tables of an older version to today's, and nothing else."""
    for version in range(found, SCHEMA_VERSION):
        STEPS[version](db)
    db.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(SCHEMA_VERSION),))


def current_copy(path: Path) -> Connection:
    """Return what is committed in a ledger as a database in memory with today's tables; the file is never written to.

    Raises:
        LedgerError: it cannot be read, is no ledger, or a newer fastheur wrote it.
    """
    with explained("read", path):
        db = snapshot(path)
    try:
        with explained("read", path):
            version = schema_version(db)
            check_version(version, path)
            assert version is not None
            change_tables(db, version)
    except BaseException:
        db.close()
        raise
    return db


def _copy(path: Path, target: Path) -> None:
    """Copy what is committed, the write-ahead log included; the copy has its name only once it is whole."""
    draft = target.with_name(target.name + ".part")
    draft.unlink(missing_ok=True)
    with contextlib.closing(connect(path)) as source, contextlib.closing(connect(draft)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    draft.replace(target)


def _to_2(db: Connection) -> None:
    """Trials say what cut their episodes, which only the protocol's label told, and what shut their policy in."""
    execute_all(
        db,
        """
        ALTER TABLE trials ADD COLUMN stop TEXT;
        ALTER TABLE trials ADD COLUMN landlock INTEGER;
        ALTER TABLE trials ADD COLUMN seccomp TEXT;
        UPDATE trials SET stop = rtrim(substr(protocol, instr(protocol, ' (stop_') + 2), ')')
            WHERE protocol GLOB '* (stop_*=*)';
        """,
    )


def _to_3(db: Connection) -> None:
    """Episodes may have their actions kept, each as one blob."""
    db.execute(  # a repair makes all of today's tables, in an older ledger too
        "CREATE TABLE IF NOT EXISTS actions (trial INTEGER NOT NULL REFERENCES trials, episode INTEGER NOT NULL, "
        "blob BLOB NOT NULL, PRIMARY KEY (trial, episode))"
    )


def _to_4(db: Connection) -> None:
    """Episodes and reservations say what was planned for them."""
    for table in ("episodes", "run_reservations"):
        known = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        if known and "model_steps" not in known:  # a repair makes all of today's tables, in an older ledger too
            db.execute(f"ALTER TABLE {table} ADD COLUMN model_steps INTEGER")


STEPS: dict[int, Callable[[Connection], None]] = {1: _to_2, 2: _to_3, 3: _to_4}
"""What takes a ledger from a version to the next."""
