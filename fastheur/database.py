"""SQLite behind one door: files in WAL mode, transactions that are whole or nothing, and errors in words."""

import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from fastheur.errors import LedgerError

LOCK_SECONDS = 20.0
"""How long a writer waits for another one before it gives up."""

SIDE_FILES = ("-wal", "-shm")
"""What SQLite adds to a file's name for the files that belong to it."""

Connection = sqlite3.Connection
DatabaseError = sqlite3.Error


class Database:
    """An open database file in WAL mode with ``synchronous=FULL``; made with its folder when missing.

    Raises:
        LedgerError: it cannot be made, is locked for too long, or is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with self._explained("open"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = connect(self.path)
        try:
            with self._explained("open"):
                self._enter_wal()
                self._db.execute("PRAGMA synchronous=FULL")
                self._db.execute("PRAGMA foreign_keys=ON")
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def _prepare(self) -> None:
        """Make the tables where there are none."""

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

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        with self._explained("read"):
            return [dict(row) for row in self._db.execute(query, tuple(values))]

    def _row(self, query: str, values: Sequence[Any] = ()) -> dict[str, Any] | None:
        return next(iter(self._rows(query, values)), None)

    def _insert_row(self, statement: str, values: Sequence[Any]) -> int:
        number = self._db.execute(statement, tuple(values)).lastrowid
        assert number is not None
        return number

    @contextlib.contextmanager
    def _transaction(self, doing: str) -> Iterator[None]:
        with self._explained(doing):
            if self._db.in_transaction:  # a part of a larger one
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        with explained(doing, self.path):
            yield


def connect(path: Path, read_only: bool = False) -> sqlite3.Connection:
    """Open a file as it is, in SQLite's autocommit mode; rows are read by name or place.

    Raises:
        DatabaseError: it cannot be opened. Most damage shows at the first statement only.
    """
    name = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    db = sqlite3.connect(name, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False, uri=True)
    db.row_factory = sqlite3.Row
    return db


def in_memory() -> sqlite3.Connection:
    """Open a database that is in no file."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def snapshot(path: Path) -> sqlite3.Connection:
    """Return what is committed in a file at this moment, as a database in memory whose rows are read by name or place.

    The file is never written to: others may write to it meanwhile, and it may lie where nothing can be written.

    Raises:
        DatabaseError, OSError: it cannot be read.
    """
    log = path.with_name(path.name + SIDE_FILES[0])
    memory = in_memory()
    memory.row_factory = sqlite3.Row
    try:
        if not log.exists():  # nobody has it open, and SQLite is not to leave side files behind
            _backup(path, memory, "mode=ro&immutable=1")
            return memory
        try:
            _backup(path, memory, "mode=ro")
        except sqlite3.OperationalError:  # with a log that was left, where no side file can be made
            with tempfile.TemporaryDirectory(prefix="fastheur-ledger-") as folder:
                copy = Path(folder) / path.name
                shutil.copyfile(path, copy)
                shutil.copyfile(log, copy.with_name(log.name))
                _backup(copy, memory, "mode=rw")
        return memory
    except BaseException:
        memory.close()
        raise


def _backup(path: Path, target: sqlite3.Connection, how: str) -> None:
    name = f"{path.absolute().as_uri()}?{how}"
    with contextlib.closing(sqlite3.connect(name, timeout=LOCK_SECONDS, uri=True)) as source:
        source.backup(target)


def execute_all(db: sqlite3.Connection, statements: str) -> None:
    """Run SQL statements in the transaction that is open; ``executescript`` would commit it."""
    for statement in filter(str.strip, statements.split(";")):
        db.execute(statement)


@contextlib.contextmanager
def explained(doing: str, path: Path) -> Iterator[None]:
    """Turn what SQLite or the system finds wrong while ``doing`` something with a ledger into words.

    Raises:
        LedgerError: says what was found, and what to do.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerError(f"Cannot {doing} in the ledger {path}: {_reason(error)}") from error
    except OSError as error:
        raise LedgerError(f"Cannot {doing} in the ledger {path}: {error.strerror or error}.") from error


def _reason(error: sqlite3.Error) -> str:
    text, code = str(error), str(getattr(error, "sqlite_errorname", ""))
    if "locked" in text:
        return f"another process has kept it locked for {LOCK_SECONDS:.0f} s. Wait for it, or name another ledger=FILE."
    if "not a database" in text or "malformed" in text:
        return (
            f"the file is damaged or no ledger ({text}). `fastheur ledger check` says more, repair=true keeps a copy and "
            "recovers what can be read; or name another ledger=FILE."
        )
    if "full" in text:
        return "the disk is full. Everything written before is safe; free some space and go on."
    if code.startswith("SQLITE_IOERR"):
        return (
            f"the disk refuses it ({text}, {code}): full, over a quota, or failing. Everything written before is safe; "
            "see to the disk and go on."
        )
    if "readonly" in text or "unable to open" in text:
        return f"{text}. Check the folder's permissions and its free space, or name another ledger=FILE."
    return f"{text}."
