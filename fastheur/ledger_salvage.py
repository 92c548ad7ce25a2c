"""Builds a new database out of what can still be read of a damaged one: table by table, row by row, around what is bad."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastheur.database import Connection, DatabaseError, connect, execute_all, in_memory
from fastheur.errors import LedgerError
from fastheur.schema import RUN_SCHEMA_VERSION, RUN_TABLES, SCHEMA_VERSION, TABLES

_GAP = 50_000
"""So many row numbers in a row that cannot be read are the end of a table; a lost inner page stands for about half as many."""

_NUMBERED_OTHERWISE = ("meta", "run_outcomes", "sealed_reads", "run_trials")
"""Tables whose row numbers do not count their rows."""


@dataclass(frozen=True)
class Kept:
    """What was recovered of a table: rows kept, and rows known to have been there that could not be read."""

    table: str
    kept: int
    lost: int


def salvage(damaged: Path, target: Path) -> list[Kept]:
    """Build ``target`` out of what can be read of ``damaged``, a private copy, and return what was kept of each table.

    Raises:
        LedgerError: not even the names of its tables can be read. DatabaseError: ``target`` cannot be written.
    """
    with contextlib.closing(connect(damaged)) as source, contextlib.closing(connect(target)) as new:
        source.text_factory = lambda data: data.decode(errors="replace")  # one bad byte costs no row
        with contextlib.suppress(DatabaseError):
            source.execute("PRAGMA writable_schema=ON")  # also reads a file that is shorter than it says
        there = _tables(source)
        if not {"meta", "trials"} <= set(there):
            raise LedgerError("its table of contents, on the first page, is gone: nothing can be recovered from it.")
        tables, indexes = _statements(any(name.startswith("run_") for name in there))
        new.execute("PRAGMA journal_mode=DELETE")
        new.execute("PRAGMA foreign_keys=OFF")
        new.execute("BEGIN IMMEDIATE")
        for name, statement in tables.items():
            try:
                new.execute(there.get(name, statement))  # an older schema stays one; it is migrated later
            except DatabaseError:  # its own text is damaged too
                new.execute(statement)
        kept = [_copied(source, new, name) for name in tables if name in there]
        for statement in indexes.values():
            new.execute(statement)
        _keep_numbers(source, new)
        _keep_versions(new, tables)
        new.execute("COMMIT")
    return kept


def _statements(run: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Return the statements that make today's tables, and their indexes, by name."""
    with contextlib.closing(in_memory()) as fresh:
        execute_all(fresh, TABLES + (RUN_TABLES if run else ""))
        rows = fresh.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE sql NOT NULL AND name NOT GLOB 'sqlite_*'"
        )
        found = rows.fetchall()
    tables, indexes = ({name: sql for kind, name, sql in found if kind == wanted} for wanted in ("table", "index"))
    return tables, indexes


def _tables(source: Connection) -> dict[str, str]:
    """Return the statements of the tables that the damaged file names."""
    try:
        rows = source.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'")
        return {str(name): str(sql) for name, sql in rows}
    except DatabaseError:
        return {}


def _keep_numbers(source: Connection, new: Connection) -> None:
    """Give no number a second time, also where the last rows of a table were lost."""
    with contextlib.suppress(DatabaseError):
        for name, last in source.execute("SELECT name, seq FROM sqlite_sequence"):
            if not new.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, name)).rowcount:
                new.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, last))


def _keep_versions(new: Connection, tables: dict[str, str]) -> None:
    """Say again which schema it is, where that was lost and the tables are today's."""
    with contextlib.closing(in_memory()) as fresh:
        for statement in tables.values():
            fresh.execute(statement)
        todays = all(_columns(new, name) == _columns(fresh, name) for name in ("trials", "episodes"))
    if todays:
        new.execute("INSERT OR IGNORE INTO meta VALUES ('schema_version', ?)", (str(SCHEMA_VERSION),))
    if "run_operations" in tables:
        new.execute("INSERT OR IGNORE INTO meta VALUES ('run_schema_version', ?)", (str(RUN_SCHEMA_VERSION),))


def _copied(source: Connection, new: Connection, table: str) -> Kept:
    """Copy the rows of a table that can be read and keep its conditions."""
    columns = _columns(new, table)
    names, marks = ", ".join(columns), ", ".join("?" * (len(columns) + 1))
    kept = 0
    for row in _rows(source, table, names):
        with contextlib.suppress(DatabaseError):  # a row that breaks the table's conditions is no row of ours
            kept += new.execute(f"INSERT OR IGNORE INTO {table} (rowid, {names}) VALUES ({marks})", row).rowcount
    return Kept(table, kept, max(0, _expected(source, table) - kept))


def _columns(db: Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def _rows(source: Connection, table: str, names: str) -> Iterator[tuple[Any, ...]]:
    """Yield row number and columns of every row that can be read; where a page cannot, go on behind it."""
    at, gap = 0, 0
    while gap < _GAP:
        try:
            for row in source.execute(f"SELECT rowid, {names} FROM {table} WHERE rowid >= ? ORDER BY rowid", (at,)):
                if row[0] < at:
                    raise DatabaseError("rows are out of order")  # a page that leads back
                yield tuple(row)
                at, gap = row[0] + 1, 0
            return
        except DatabaseError:
            at, gap = at + 1, gap + 1


def _expected(source: Connection, table: str) -> int:
    """Return how many rows a table had, as far as its indexes and numbers tell; no row is ever deleted."""
    queries = [f"SELECT count(*) FROM {table}"]
    if table not in _NUMBERED_OTHERWISE:
        queries += [f"SELECT max(rowid) FROM {table}", f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'"]
    found = [0]
    for query in queries:
        with contextlib.suppress(DatabaseError, TypeError):
            found.append(int(source.execute(query).fetchone()[0] or 0))
    return max(found)
