"""Builds a report: one folder of static files for one run, or for many with an index of all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import quote

from fastheur.errors import ConfigError
from fastheur.report.addresses import number_of, page_name
from fastheur.report.colouring import coloured
from fastheur.report.curves import below_the_chart, curves, off_the_chart
from fastheur.report.diffs import CONTEXT, Part, changes, counted
from fastheur.report.folders import MANIFEST, ReportFolder
from fastheur.report.gap import gap_of
from fastheur.report.gathering import gather
from fastheur.report.grid import Entry, ledger_entries, run_entry, summaries
from fastheur.report.heat import MOST_EVENTS, heat_of
from fastheur.report.pages import ASSETS, asset, page
from fastheur.report.reading import opened_run
from fastheur.report.records import Idea, RunRecord
from fastheur.report.rendering import make_replays
from fastheur.report.replays import Replay, by_trial, command, command_for_champions, found_in, missing, take_over
from fastheur.report.reproducing import command_of
from fastheur.report.subjects import subjects_of
from fastheur.report.tabling import FIRST_ROWS, Row, data_script, rows_of

Replays = Literal["existing", "champions", "none"]
"""``existing``: show the replays that lie in the run's folder; ``champions``: make those of its champions first; ``none``: leave
them out."""

INDEX = "index.html"

MANY = 1_000
"""Versions up to which a difference has all its context; with more, a line on either side, or the report gets large."""


@dataclass(frozen=True)
class Page:
    """A page of versions: its number, and the first and the last version on it."""

    number: int
    first: int
    last: int

    @property
    def name(self) -> str:
        """File name."""
        return page_name(self.number)


def write_report(
    words: Sequence[str],
    out: str | Path | None = None,
    replays: Replays = "existing",
    say: Callable[[str], None] = lambda line: None,
) -> Path:
    """Build the report of runs and ledgers, and return the path of its first page.

    Args:
        words: run folders or names, folders of runs, ledger files. out: the report's folder, None for ``report`` in the run's
            own folder, or in ``runs/`` for several. replays: see :data:`Replays`. say: told of every replay that was made.

    Raises:
        ConfigError: nothing to report on, or ``out`` holds something that is no report.
        LedgerError: a ledger cannot be read. OSError: the folder cannot be written.
    """
    if replays not in get_args(Replays):
        raise ConfigError(f"replays is {replays!r}, expected {', '.join(get_args(Replays)[:-1])} or none.")
    if replays == "champions":
        make_replays(words, say)
    subjects = subjects_of(words)
    folder = ReportFolder(Path(out) if out is not None else subjects.home / "report")
    folder.begin()
    for name in ASSETS:
        folder.write(name, asset(name))
    if len(subjects.runs) == 1 and not subjects.ledgers:
        _write_run(subjects.runs[0], folder, "", replays)
    else:
        _write_index(subjects.runs, subjects.ledgers, folder, replays)
    folder.finish()
    return folder.path / INDEX


def _write_index(runs: Sequence[Path], ledgers: Sequence[Path], folder: ReportFolder, replays: Replays) -> None:
    entries: list[Entry] = []
    for run, name in zip(runs, _names(runs), strict=True):
        record = _write_run(run, folder, f"{name}/", replays)
        entries.append(run_entry(record, name, f"{quote(name)}/{INDEX}"))
    for ledger in ledgers:
        entries += ledger_entries(ledger)
    entries.sort(key=lambda entry: (entry.task, entry.mode, entry.protocol, entry.split, entry.name))
    folder.write(
        INDEX, page("grid.html", "", entries=entries, summaries=summaries(entries), title=f"{len(entries)} results")
    )


def _names(runs: Sequence[Path]) -> list[str]:
    """Return a folder's name for each run; runs of the same name in different folders are told apart by a number."""
    names: list[str] = []
    for run in runs:
        name, turn = run.resolve().name, 2
        while name in (*names, "report", "versions", INDEX, MANIFEST, *ASSETS):
            name, turn = f"{run.resolve().name}-{turn}", turn + 1
        names.append(name)
    return names


def _write_run(path: Path, folder: ReportFolder, base: str, replays: Replays) -> RunRecord:
    """Write the pages of one run under the address ``base``, and return what is in them."""
    with opened_run(path) as run:
        record = gather(run)
    shown = [] if replays == "none" else found_in(path)
    for taken in take_over(shown, path, folder.path / base):
        folder.add(taken)
    rows, played, root = rows_of(record), by_trial(shown), "../" if base else ""
    pages = _pages(record)
    reproduced = command_of(record.config)
    if reproduced.start is not None:
        folder.write(f"{base}{reproduced.start}", record.config.start)
    folder.write(f"{base}data.js", data_script(record, rows, played))
    champion, drawn = record.champion, curves(record)
    static = [row for row in rows if row.role == "train"]
    folder.write(
        f"{base}{INDEX}",
        page(
            "run.html", root, title=f"{record.config.task.name} {record.config.mode}", run=record, curves=drawn,
            off=off_the_chart(record) if drawn else [], below=below_the_chart(record) if drawn else 0, gap=gap_of(record),
            rows=static[:FIRST_ROWS], tried=len(static), count=len(rows), roles=_roles(rows), replays=shown, played=played,
            wanted=missing(record, shown), champions_command=command_for_champions(record.folder),
            heat=heat_of(record.matrix), most_events=MOST_EVENTS, pages=pages, command=reproduced,
            source=coloured(champion.source) if champion else "", alone=not base,
        ),
    )  # fmt: skip
    _write_versions(record, folder, base, pages, played)
    return record


def _roles(rows: Sequence[Row]) -> list[str]:
    usual = ("train", "search", "validation", "golden", "sealed")
    return [role for role in usual if any(row.role == role for row in rows)]


def _pages(record: RunRecord) -> list[Page]:
    groups = groupby((idea.version for idea in record.ideas), key=number_of)
    lists = [(number, list(versions)) for number, versions in groups]
    return [Page(number, versions[0], versions[-1]) for number, versions in lists]


def _write_versions(
    record: RunRecord, folder: ReportFolder, base: str, pages: Sequence[Page], played: dict[int, list[Replay]]
) -> None:
    ideas = {idea.version: idea for idea in record.ideas}
    context = CONTEXT if len(ideas) <= MANY else 1
    for shown in pages:
        edits = [
            (idea, _edit(ideas, idea, context))
            for number in range(shown.first, shown.last + 1)
            if (idea := ideas.get(number))
        ]
        content = page(
            "versions.html", f"../{'../' if base else ''}", title=f"Versions v{shown.first} to v{shown.last}", run=record,
            articles=[(idea, edit, counted(edit)) for idea, edit in edits], pages=pages, shown=shown, played=played,
            command=command,
        )  # fmt: skip
        folder.write(f"{base}versions/{shown.name}", content)


def _edit(ideas: dict[int, Idea], idea: Idea, context: int) -> list[Part]:
    parent = ideas.get(idea.parent or 0)
    return changes(parent.source, idea.source, context) if parent else []
