"""Takes a whole ledger out as one JSONL file, and back in, bit by bit.

First line: format, schema, and every table with its columns and its number of rows. Then one line per row: table, row
number, values. Last line: number of lines before it and their SHA-256. Floats are written as ``float.hex`` says them, bytes in
hexadecimal, each in an object; null, integers and text as JSON has them.
"""

import contextlib
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from fastheur import __version__
from fastheur.database import SIDE_FILES, Connection, connect, execute_all, explained
from fastheur.drafts import DRAFT, whole_file
from fastheur.errors import LedgerError
from fastheur.ledger import Ledger
from fastheur.ledger_check import is_run, private_copy, used_elsewhere
from fastheur.schema import RUN_TABLES, SCHEMA_VERSION, TABLES

FORMAT = "fastheur ledger 1"
_NUMBERS = "sqlite_sequence"
"""Where SQLite keeps the numbers that were given; it makes this table by itself."""


def export_all(path: Path, target: Path) -> int:
    """Write everything that a ledger holds to one JSONL file and return the number of rows.

    Raises:
        LedgerError: it cannot be read or written, or has steps that are not settled, which only a run's step meter knows.
    """
    with explained("export everything", path), private_copy(path, used_elsewhere(path)) as copy:
        Ledger(copy).__exit__()  # takes an older one to today's tables
        with contextlib.closing(connect(copy)) as db, whole_file(target) as file:
            header = _header(db, path)
            digest, count = hashlib.sha256(), 0
            for line in _lines(db, header):
                data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
                digest.update(data)
                file.write(data)
                count += 1
            file.write(json.dumps({"lines": count, "sha256": digest.hexdigest()}).encode() + b"\n")
    return count - 1


def import_all(source: Path, path: Path) -> int:
    """Make a ledger of a full export and return the number of rows; it has its name only once it is whole.

    Raises:
        LedgerError: the file is damaged, cut off, or of another schema; there is a ledger already; or it cannot be written.
    """
    if path.is_dir() or any(_filled(path.with_name(path.name + end)) for end in ("", *SIDE_FILES)):
        raise LedgerError(f"{path} is there already, expected a new file: an import never writes into a ledger.")
    try:
        with source.open("rb") as file:
            header = _verified(file, source)
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(path.name + DRAFT)
            draft.unlink(missing_ok=True)
            try:
                with explained("import", path), contextlib.closing(connect(draft)) as db:
                    file.seek(0)
                    _load(db, header, map(json.loads, file))
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise LedgerError(f"Cannot import {source} as {path}: {error.strerror or error}.") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:  # whole, and yet nothing that an export writes
        raise LedgerError(f"{source} is no full export of a ledger: {type(error).__name__}: {error}.") from error
    return sum(int(table["rows"]) for table in header["tables"].values())


def _filled(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


# ---------------------------------------------------------------------- out


def _header(db: Connection, path: Path) -> dict[str, Any]:
    run = is_run(db)
    if run and (count := db.execute("SELECT count(*) FROM run_reservations WHERE steps IS NULL").fetchone()[0]):
        raise LedgerError(
            f"{path} has {count} reservations that are not settled, and only the run's step meter knows what they took. "
            "Wait for the run to end or resume it; or settle them with `fastheur ledger check` and repair=true."
        )
    tables = {
        name: {"columns": _columns(db, name), "rows": db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]}
        for name in _tables(db)
    }
    return {"format": FORMAT, "schema": SCHEMA_VERSION, "fastheur": __version__, "run": run, "tables": tables}


def _lines(db: Connection, header: dict[str, Any]) -> Iterator[Any]:
    yield header
    for name, table in header["tables"].items():
        for row in db.execute(f"SELECT rowid, {', '.join(table['columns'])} FROM {name} ORDER BY rowid"):
            yield [name, *map(_written, row)]


def _tables(db: Connection) -> list[str]:
    rows = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name")
    return [*(row[0] for row in rows), _NUMBERS]


def _columns(db: Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def _written(value: Any) -> Any:
    if isinstance(value, float):
        return {"float": value.hex()}
    return {"bytes": value.hex()} if isinstance(value, bytes) else value


# ---------------------------------------------------------------------- in


def _verified(file: BinaryIO, source: Path) -> dict[str, Any]:
    """Read the whole file and return its header.

    Raises:
        LedgerError: says where it is damaged, or why it cannot be taken.
    """
    digest, held, count = hashlib.sha256(), b"", 0
    for line in file:
        if held:
            digest.update(held)
            count += 1
        held = line
    end = _parsed(held)
    if not isinstance(end, dict) or "sha256" not in end or not held.endswith(b"\n"):
        raise LedgerError(f"{source} has no end: it was cut off, or is no full export of a ledger.")
    if end != {"lines": count, "sha256": digest.hexdigest()}:
        raise LedgerError(f"{source} is damaged: its {count:,} lines are not those that its last line stands for.")
    file.seek(0)
    header = _parsed(file.readline())
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise LedgerError(f"{source} is no full export of a ledger in the format {FORMAT!r}.")
    if header["schema"] != SCHEMA_VERSION:
        raise LedgerError(
            f"{source} has ledger schema {header['schema']}, this fastheur imports {SCHEMA_VERSION}. It was written by fastheur "
            f"{header['fastheur']}: import it there, and open that ledger here."
        )
    return header


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _load(db: Connection, header: dict[str, Any], lines: Iterable[Any]) -> None:
    """Fill a new file in one transaction."""
    db.execute("PRAGMA journal_mode=DELETE")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("BEGIN IMMEDIATE")
    execute_all(db, TABLES + (RUN_TABLES if header["run"] else ""))
    inserts, counts = {}, dict.fromkeys(header["tables"], 0)
    for name in _tables(db):
        columns = _columns(db, name)
        if header["tables"].get(name, {}).get("columns") != columns:
            raise LedgerError(f"The export's table {name} has other columns than those of schema {SCHEMA_VERSION}.")
        inserts[name] = f"INSERT INTO {name} (rowid, {', '.join(columns)}) VALUES (?{', ?' * len(columns)})"
    for name, *values in itertools.islice(lines, 1, 1 + sum(table["rows"] for table in header["tables"].values())):
        if name == _NUMBERS and not counts[name]:
            db.execute(f"DELETE FROM {_NUMBERS}")  # filled while the rows came
        db.execute(inserts[name], list(map(_read, values)))
        counts[name] += 1
    wanted = {name: table["rows"] for name, table in header["tables"].items()}
    if counts != wanted or db.execute("PRAGMA foreign_key_check").fetchone():
        raise LedgerError("The export does not hold the rows that it says.")
    db.execute("COMMIT")


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        [(kind, text)] = value.items()
        return float.fromhex(text) if kind == "float" else bytes.fromhex(text)
    return value
