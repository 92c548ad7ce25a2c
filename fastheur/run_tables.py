"""Everything that a run's ledger holds as typed tables, for pandas, Polars, DuckDB and whatever else reads Arrow.

::

    import fastheur
    run = fastheur.load("demo")                       # a run's name, its folder, or any ledger file
    trials = run.pandas("trials")                     # or run.trials.to_pandas(); run.trials is a pyarrow.Table
    champions = run.pandas("versions").dropna(subset=["reign"])
    ax = champions.plot(x="cumulative_env_steps", y="score", drawstyle="steps-post", label="running champion")
    trials[trials.role == "train"].plot.scatter(x="cumulative_env_steps", y="score_mean", ax=ax)

The file is read once, as it is at that moment, and never written to; a Lab may be working on it. While a run is open its
validation and sealed episodes, the scores that come from them, and the secret behind the sealed seeds are left out: what
nobody may tune to is not to be seen. Unknown is null, never 0; times are timestamps in UTC.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow

from fastheur import notebook
from fastheur.database import Connection, execute_all, explained
from fastheur.errors import ConfigError, nearest
from fastheur.migrations import current_copy
from fastheur.recall_rows import ledger_of
from fastheur.runs import RunConfig
from fastheur.schema import HIDDEN, RUN_TABLES
from fastheur.table_queries import PARAMS, QUERIES

MOST_PARAMS = 40
"""Parameter names that get a column each; of more there is the JSON text only."""

_TYPES = {
    "int": pyarrow.int64(),
    "float": pyarrow.float64(),
    "text": pyarrow.string(),
    "json": pyarrow.string(),
    "bool": pyarrow.bool_(),
    "time": pyarrow.timestamp("us", tz="UTC"),
}
_SCORES = ("score_mean", "score_min", "score_max", "score_iqm", "ci_low", "ci_high", "hns_mean")


class RunTables:
    """The tables of a run or of any ledger; made by :func:`load`.

    Attributes:
        path: the ledger file. facts: the run's own values: ``config``, ``created``, ``status``, ``over`` (why it ended),
            ``commitment``, and once it is confirmed ``confirmed`` (the sealed Scorecard) and ``secret``; empty for a ledger of
            no run. left_out: the splits whose episodes are left out.

    The tables are made when they are first asked for; see :mod:`fastheur.table_queries` for what the columns mean.
    """

    def __init__(self, path: Path, db: Connection, left_out: Sequence[str]) -> None:
        self.path = path
        self.left_out = tuple(left_out)
        self._db = db
        self._made: dict[str, Any] = {}

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Values of the run."""
        rows = self._db.execute("SELECT key, value FROM meta WHERE key NOT GLOB '*schema_version'")
        return {key: json.loads(value) for key, value in rows}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tables."""
        return tuple(QUERIES)

    @property
    def trials(self) -> pyarrow.Table:
        """One row per trial, with its role, version, hypothesis and verdict, and the env steps charged up to its end."""
        return self.table("trials")

    @property
    def episodes(self) -> pyarrow.Table:
        """One row per episode that was played, with the version and role of its trial."""
        return self.table("episodes")

    @property
    def versions(self) -> pyarrow.Table:
        """One row per policy text that was tried: hypothesis, score, verdict, reason, source."""
        return self.table("versions")

    @property
    def operations(self) -> pyarrow.Table:
        """One row per operation of the Lab: request, answer, when, env steps."""
        return self.table("operations")

    @property
    def golden(self) -> pyarrow.Table:
        """One row per golden case."""
        return self.table("golden")

    @property
    def outcomes(self) -> pyarrow.Table:
        """One row per golden case and version that played it."""
        return self.table("outcomes")

    @property
    def memory(self) -> pyarrow.Table:
        """One row per note, failed direction or summary."""
        return self.table("memory")

    @property
    def charges(self) -> pyarrow.Table:
        """One row per charge of a language model: tokens, money."""
        return self.table("charges")

    @property
    def reservations(self) -> pyarrow.Table:
        """One row per reservation of env steps: its role, what was reserved, what was taken, and the total so far."""
        return self.table("reservations")

    def table(self, name: str) -> pyarrow.Table:
        """Return a table by its name.

        Raises:
            ConfigError: there is no such table.
        """
        if name not in QUERIES:
            raise ConfigError(
                f"There is no table {name!r}, expected one of {', '.join(QUERIES)}.{nearest(str(name), QUERIES)}"
            )
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def pandas(self, name: str) -> Any:
        """Return a table as a ``pandas.DataFrame``.

        Raises:
            ConfigError: there is no such table, or pandas is not installed.
        """
        table = self.table(name)
        try:
            return table.to_pandas()
        except ImportError as error:
            raise ConfigError(
                f"pandas is not installed ({error}): `pip install pandas`, or use .{name}, a pyarrow.Table that Polars and "
                "DuckDB read too."
            ) from error

    def json_columns(self, name: str) -> tuple[str, ...]:
        """Return the columns of a table that hold JSON as text."""
        return tuple(column for column, kind in QUERIES[name].columns.items() if kind == "json")

    def _make(self, name: str) -> pyarrow.Table:
        query = QUERIES[name]
        with explained(f"read {name}", self.path):
            rows = self._db.execute(query.text).fetchall()
        values = zip(*rows, strict=True) if rows else ((),) * len(query.columns)
        columns = {
            column: _column(kind, found) for (column, kind), found in zip(query.columns.items(), values, strict=True)
        }
        if PARAMS in columns:
            columns |= _param_columns(columns[PARAMS].to_pylist())
        return pyarrow.table(columns)

    def _counts(self) -> Iterator[tuple[str, int]]:
        for name, query in QUERIES.items():
            yield name, self._db.execute(f"SELECT count(*) FROM ({query.text})").fetchone()[0]

    def _title(self) -> str:
        if not self.facts.get("config"):
            return f"Tables of {self.path}"
        config = RunConfig.from_dict(self.facts["config"])
        task, status = config.task, self.facts["status"]
        return f"Tables of {self.path.parent}: {task.name} {task.mode}, {config.protocol.label(task)}, {status}"

    def _note(self) -> str:
        if not self.left_out:
            return ""
        return f"Left out while the run is not confirmed: {' and '.join(self.left_out)} episodes and their scores."

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {count:,}" for name, count in self._counts())
        return "\n".join(filter(None, (self._title(), counts, self._note())))

    def _repr_html_(self) -> str:
        rows = [(name, f"{count:,}") for name, count in self._counts()]
        note = notebook.line(self._note()) if self._note() else ""
        return notebook.block(self._title(), notebook.table([("table", "rows"), *rows], right=(1,)), note)


def load(run: str | Path) -> RunTables:
    """Return everything of a run, or of any ledger, as typed tables; see :class:`RunTables` and this module's example.

    Args:
        run: a run's name under ``runs/``, its folder, or a ledger file.

    Raises:
        ConfigError: there is no such run or file. LedgerError: it cannot be read, or a newer fastheur wrote it.
    """
    path = ledger_of(run)
    db = current_copy(path)
    try:
        with explained("read", path):
            if not db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'run_operations'").fetchone()[0]:
                execute_all(db, RUN_TABLES)  # empty, so that every table is there
            left_out = _leave_out(db)
    except BaseException:
        db.close()
        raise
    return RunTables(path, db, left_out)


def _leave_out(db: Connection) -> tuple[str, ...]:
    """Drop from the copy what nobody may see yet, and return the splits."""
    row = db.execute("SELECT value FROM meta WHERE key = 'status'").fetchone()
    if row is None:
        return ()
    status = json.loads(row[0])
    splits = HIDDEN.get(status, ())
    if splits:
        names = ", ".join(f"'{split}'" for split in splits)
        hidden = f"(SELECT trial FROM trials WHERE split IN ({names}))"
        execute_all(
            db,
            f"""
            DELETE FROM meta WHERE key = 'secret';
            UPDATE sealed_reads SET secret = NULL;
            DELETE FROM run_episodes WHERE trial IN {hidden};
            DELETE FROM actions WHERE trial IN {hidden};
            DELETE FROM episodes WHERE trial IN {hidden};
            UPDATE trials SET {", ".join(f"{name} = NULL" for name in _SCORES)} WHERE split IN ({names});
            """,
        )
    return splits


def _column(kind: str, values: Sequence[Any]) -> pyarrow.Array:
    if kind == "bool":
        values = [None if value is None else bool(value) for value in values]
    elif kind == "time":
        values = [None if value is None else round(value * 1e6) for value in values]
    elif kind == "float":
        values = [None if value is None else float(value) for value in values]
    return pyarrow.array(values, _TYPES[kind])


def _param_columns(texts: Sequence[str | None]) -> dict[str, pyarrow.Array]:
    """Return a column ``params.NAME`` per parameter, where there are few: whole numbers where all values are."""
    rows = [json.loads(text) if text else {} for text in texts]
    names = sorted({name for row in rows for name in row})
    if len(names) > MOST_PARAMS:
        return {}
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        whole = all(value is None or isinstance(value, int) for value in values)
        columns[f"{PARAMS}.{name}"] = _column("int" if whole else "float", values)
    return columns
