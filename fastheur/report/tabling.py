"""The trials of a run as the rows of its table, and as the data that the page's script sorts and filters."""

import json
import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastheur.memory import first_sentence
from fastheur.report.addresses import PER_PAGE
from fastheur.report.comparing import Difference
from fastheur.report.glyphs import GLYPHS
from fastheur.report.records import AXES, Idea, Place, RunRecord, Trial
from fastheur.report.replays import Replay

FIRST_ROWS = 100
"""Rows that are in the page itself; a script brings the others."""

DATA_CALL = "fastheurData"


@dataclass(frozen=True)
class Row:
    """A row of the table: a trial, a batch of a search folded into one, or a version that was refused before it played.

    Attributes:
        idea: the version that this trial decided on, None where it was played for something else. outcome: its verdict, or
            what became of the trial. population: of a folded row and of those folded into it; ``rows``: how many.
        place: what the run had taken when a row of a search, or the batch, was played; the rows of a batch leave it to it.
    """

    trial: int | None
    version: int | None
    role: str
    outcome: str
    score: float | None
    low: float | None
    high: float | None
    env_steps: int
    episodes: int
    wall_s: float | None
    note: str
    idea: Idea | None = None
    population: int | None = None
    rows: int = 0
    place: Place | None = None

    @property
    def difference(self) -> Difference | None:
        """From the champion of that time, on the same train episodes."""
        return self.idea.difference if self.idea else None

    @property
    def text(self) -> str:
        """What was tried, or what the trial was played for."""
        return self.idea.hypothesis if self.idea else self.note

    @property
    def reason(self) -> str:
        """Why it came out so, in a sentence."""
        return first_sentence(self.idea.reason) if self.idea else ""


def rows_of(record: RunRecord) -> list[Row]:
    """Return every row, the newest first; rows of a search come after the row that they are folded into."""
    decided = _deciding_trials(record)
    batches = defaultdict[int, list[Trial]](list)
    for trial in record.trials:
        if trial.role == "search" and trial.population is not None:
            batches[trial.population].append(trial)
    rows = []
    for trial in reversed(record.trials):
        if trial.trial in batches:
            rows += _batch(batches[trial.trial])
        elif trial.population not in batches or trial.role != "search":
            rows.append(_row(trial, decided.get(trial.trial)))
    played = {idea.version for idea in decided.values()}
    refused = [_refused(idea) for idea in reversed(record.ideas) if idea.version not in played]
    return _merged(rows, refused, record)


def _deciding_trials(record: RunRecord) -> dict[int, Idea]:
    """Return by trial the version that it decided on: the one its score is from, or the last that failed."""
    last = {
        trial.version: trial.trial for trial in record.trials if trial.role == "train" and trial.version is not None
    }
    return {trial: idea for idea in record.ideas if (trial := idea.trial or last.get(idea.version)) is not None}


def _row(trial: Trial, idea: Idea | None) -> Row:
    outcome = idea.verdict if idea and trial.role in ("train", "search") else trial.status
    note = trial.error or trial.tried or trial.notes
    return Row(
        trial.trial, trial.version, trial.role, outcome, trial.score, trial.low, trial.high, trial.env_steps,
        trial.episodes, trial.wall_s, "" if note == f"v{trial.version}.py" else note, idea, place=trial.place,
    )  # fmt: skip


def _batch(trials: Sequence[Trial]) -> list[Row]:
    """Return a batch of a search as one row, and its rows after it."""
    scores = [trial.score for trial in trials if trial.score is not None]
    walls = [trial.wall_s for trial in trials if trial.wall_s is not None]
    head = Row(
        trials[0].trial, None, "search", "searched", max(scores, default=None), None, None,
        sum(trial.env_steps for trial in trials), sum(trial.episodes for trial in trials), sum(walls) if walls else None,
        f"{trials[0].hypothesis} ({trials[0].notes})", None, trials[0].population, len(trials), trials[0].place,
    )  # fmt: skip
    return [head, *(replace(_row(trial, None), population=trial.population, place=None) for trial in trials)]


def _refused(idea: Idea) -> Row:
    return Row(None, idea.version, "train", idea.verdict, None, None, None, 0, 0, None, "", idea)


def _merged(rows: list[Row], refused: list[Row], record: RunRecord) -> list[Row]:
    """Put the versions that never played between the trials, where they were tried."""
    if not refused:
        return rows
    newest: dict[int, int] = {}
    version = 0
    for trial in record.trials:
        version = max(version, trial.version or 0)
        newest[trial.trial] = version
    merged = []
    for row in rows:
        while refused and row.trial is not None and (refused[0].version or 0) > newest[row.trial]:
            merged.append(refused.pop(0))
        merged.append(row)
    return merged + refused


def data_script(record: RunRecord, rows: Sequence[Row], replays: Mapping[int, Sequence[Replay]]) -> str:
    """Return the rows and the versions as a script that hands them to the page's own; texts stay texts.

    Words that come again and again are numbers in it, and what is unknown at the end of a row is left away.
    """
    said: dict[str, int] = {}

    def word(text: str) -> int:
        return said.setdefault(text, len(said))

    ideas = [
        [
            idea.version, idea.parent, word(idea.verdict), _short(idea.score), *(_short(getattr(idea.place, name)) for name in AXES),
            idea.hypothesis, word(first_sentence(idea.reason)), *_difference(idea.difference), _short(idea.tokens), _short(idea.money),
        ]
        for idea in record.ideas
    ]  # fmt: skip
    trials = [
        [
            row.trial, row.version, word(row.role), word(row.outcome), _short(row.score), row.env_steps, row.episodes,
            None if row.wall_s is None else _short(round(row.wall_s, 1)), word(row.note), row.idea.version if row.idea else None,
            row.population, row.rows or None, [_short(getattr(row.place, name)) for name in AXES] if row.place else None,
            next((replay.address for replay in replays.get(row.trial or 0, ())), None),
        ]
        for row in rows
    ]  # fmt: skip
    content = {
        "folder": shlex.quote(str(record.folder)),
        "perPage": PER_PAGE,
        "said": list(said),
        "ideas": [_ended(one) for one in ideas],
        "trials": [_ended(one) for one in trials],
        "words": {glyph.verdict: glyph.word for glyph in GLYPHS.values()},
    }
    return f"{DATA_CALL}({json.dumps(content, separators=(',', ':'))});\n"


def _difference(difference: Difference | None) -> list[float | None]:
    if difference is None:
        return [None, None, None]
    return [_short(difference.mean), _short(difference.low), _short(difference.high)]


def _short(value: Any) -> Any:
    """Return a number with seven digits, which is more than anybody reads; whole ones as such."""
    if not isinstance(value, float):
        return value
    value = float(f"{value:.7g}")
    return int(value) if value.is_integer() else value


def _ended(row: list[Any]) -> list[Any]:
    """Return a row without what is unknown at its end."""
    while row and row[-1] is None:
        row = row[:-1]
    return row
