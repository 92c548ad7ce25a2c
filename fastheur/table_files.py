"""Writes the tables of a run as Parquet, CSV or JSON lines; a file is there whole, or as it was before."""

import io
import json
import math
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet

from fastheur.drafts import write_whole
from fastheur.errors import ConfigError, LedgerError
from fastheur.run_tables import RunTables

FORMATS = ("parquet", "csv", "jsonl")


def export_tables(tables: RunTables, folder: Path, layout: str, names: Iterable[str]) -> list[Path]:
    """Write tables into ``folder``, made when missing, as ``NAME.FORMAT``, and return the files.

    Args:
        layout: one of :data:`FORMATS`. Parquet keeps every type. CSV has a head line, texts in quotes, nothing for null, and times
            as in ``2026-05-01 12:00:00.000000Z``. JSON lines have an object per row, JSON columns as values, times in ISO 8601.

    Raises:
        ConfigError: there is no such format or table. LedgerError: a file cannot be written.
    """
    if layout not in FORMATS:
        raise ConfigError(f"format is {layout!r}, expected one of {', '.join(FORMATS)}.")
    contents = {f"{name}.{layout}": _content(tables, name, layout) for name in names}
    written = []
    for name, data in contents.items():
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
        except OSError as error:
            raise LedgerError(f"Cannot write {path}: {error.strerror or error}. Name another out=FOLDER.") from error
        written.append(path)
    return written


def _content(tables: RunTables, name: str, layout: str) -> bytes:
    table = tables.table(name)
    if layout == "jsonl":
        return _lines(table.to_pylist(), tables.json_columns(name))
    stream = io.BytesIO()
    if layout == "parquet":
        pyarrow.parquet.write_table(table, stream)
    else:
        pyarrow.csv.write_csv(table, stream)
    return stream.getvalue()


def _lines(rows: Iterable[dict[str, Any]], parsed: tuple[str, ...]) -> bytes:
    lines = []
    for row in rows:
        values = {
            column: json.loads(value) if column in parsed and value is not None else _plain(value)
            for column, value in row.items()
        }
        lines.append(json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n")
    return "".join(lines).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return None if isinstance(value, float) and not math.isfinite(value) else value
