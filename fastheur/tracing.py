"""Plays one episode again and shows the last steps before it went wrong: what was seen, remembered, done and paid.

One pass: the last steps are kept as they come, and put aside whenever the moment that was asked for may have come.
"""

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.engines import make_engine
from fastheur.errors import ConfigError, whole
from fastheur.hopeless import LengthRule
from fastheur.host import Candidate
from fastheur.operations import Answer
from fastheur.places import Place, find_place
from fastheur.probing.entries import Entries
from fastheur.probing.picturing import picture
from fastheur.record import flat, short
from fastheur.recorder import MOST_LOSSES
from fastheur.rollout import Episode, Job, rollout
from fastheur.spec import Spec
from fastheur.tasks import Protocol, Task
from fastheur.wording import CHARACTERS_PER_TOKEN, action_name

AROUND = ("death", "stall", "drop", "end", "rewards")

MOST_TOKENS = 1500
"""Bound on an answer's text."""

MOST_CHOSEN_TOKENS = 6000
"""The same where the entries were chosen: who leaves rows out has them played again, and pays twice."""

MOST_COLUMNS = 12
"""STATE fields shown, and entries of the observation, those that take the most values within the window first."""

MOST_ENTRIES = 16
"""Entries of the observation in ``data``, chosen alike."""


MOST_CHOSEN = 4096
"""Numbers of the state to choose from."""


def trace(
    task: Task,
    protocol: Protocol,
    candidate: Candidate,
    *,
    index: int,
    seed: int,
    around: str = "death",
    life: int = 1,
    last: int = 30,
    every: int = 1,
    step: int | None = None,
    entries: Sequence[str] = (),
    engine: str = "auto",
    place: Place | None = None,
) -> Answer:
    """Play an episode again, and show the ``last`` steps up to a moment.

    Args:
        task, protocol, candidate: what is played, how, and by whom. index, seed: of the episode.
        around: ``death``: the life lost, or the rare negative reward, number ``life``, or the end if it was a game over;
            ``stall``: the end of the longest stretch without reward; ``drop``: the low of the deepest fall of the return;
            ``end``; ``rewards``: the steps that gave one, the last ones. Without such a moment: the end, and it says so.
        every: show the steps divisible by it only, and the moment itself.
        step: the moment instead of ``around``, as an env step; the episode is played up to there only.
        entries: observation entries and STATE fields to show instead of those that vary most; a number means ``RAM n`` or
            ``obs[n]``, a name without its place (``RAM``, ``obs``) all of an array.
        engine: of :data:`fastheur.engines.ENGINES`. place: where the policy runs; None: in this process.

    Returns:
        A table; ``data`` has its rows, and ``action_hash``, ``ret`` and ``length`` to compare with the first time.

    Raises:
        ConfigError: there is no such moment or entry to ask for. PolicyError: the policy failed.
    """
    if around not in AROUND:
        raise ConfigError(f"around is {around!r}, expected one of {', '.join(AROUND)}.")
    stop = None if step is None else LengthRule(whole("step", step))
    played = make_engine(engine, task, protocol)
    _check(entries, [str(field[0]) for field in candidate.policy.state], Entries(played.spec).names)
    tape = _Tape(whole("last", last), whole("every", every), whole("life", life))
    host = (place or find_place("none")).host([candidate], played.spec, 1)
    [episode] = rollout(played, host, [Job(0, index, seed)], 1, stop=stop, recorder=tape)
    found, window, header = tape.window(around, episode) if step is None else tape.window_at(step, episode)
    rows = _rows(window.rows, tape.names, bool(entries))
    columns = _chosen(entries, rows[0]) if entries else _columns(rows)
    if entries:
        rows = [{**row, "obs": {name: row["obs"][name] for group, name in columns if group == "obs"}} for row in rows]
    heading = (
        f"Episode {index} of {Path(candidate.policy.name).name}: return {episode.ret:g} in {episode.length:,} steps, "
        f"{episode.ending(step)}. {header}"
    )
    tokens, least = (MOST_CHOSEN_TOKENS, len(columns)) if entries else (MOST_TOKENS, 6)
    text = _table(heading, rows, columns, played.spec.action.meanings, least, tokens * CHARACTERS_PER_TOKEN)
    shown = rows[-1]["step"]
    caption = f"Episode {index}, what was seen before step {shown:,}"
    pictures = () if window.frame is None else (picture(window.frame, caption),)
    data = {
        "around": found,
        "asked": around,
        "step": shown,
        "rows": rows,
        "ret": episode.ret,
        "length": episode.length,
        "action_hash": episode.action_hash,
        "env_steps": played.env_steps,
    }
    return Answer(text, data, pictures)


@dataclass(frozen=True)
class _Window:
    """The last steps up to a moment, and the frame that was seen at the last of them."""

    rows: list[dict[str, Any]]
    frame: Array | None


class _Tape:
    """An observer of one slot that keeps the last steps, and the windows at the moments so far."""

    def __init__(self, last: int, every: int, life: int) -> None:
        self._last, self._every = last, every
        self._life, self._lost = life, 0
        self._row: dict[str, Any] = {}
        self._rows: deque[dict[str, Any]] = deque(maxlen=last)
        self._paid: deque[dict[str, Any]] = deque(maxlen=last)
        self._frame: Array | None = None
        self._windows: dict[str, _Window] = {}
        self._losses = 0
        self._lives = 0
        self._rewarded = self._rewards = 0
        self._stretch = (0, 0)
        self._drop = 0.0

    def start(self, spec: Spec, jobs: Sequence[Job], slots: int, state_of: Callable[[int], dict[str, Any]]) -> None:
        """See :class:`fastheur.rollout.Observer`."""
        self._entries, self._state_of = Entries(spec), state_of
        self.names = self._entries.names

    def scored(self, batch: StepBatch, scores: Array) -> None:
        """Complete the last row with what came of its action, and put the window aside at a moment."""
        lives, reward = int(batch.lives[0]), float(batch.reward[0])
        if batch.first is not None:
            self._lives = lives
            return
        step, ret = int(batch.info["elapsed"][0]), float(scores["ret"][0])
        self._row |= {"reward": short(reward), "return": short(ret), "lives": lives}
        if lives < self._lives:
            self._lost += 1
            if self._lost == self._life:
                self._windows["life"] = self._now()
        self._lives = lives
        if reward < 0.0:
            self._losses += 1
            if self._losses == self._life:
                self._windows["loss"] = self._now()
        ended = batch.live is not None
        quiet = step - self._rewarded - (reward != 0.0)
        if (reward != 0.0 or ended) and quiet > self._stretch[1]:
            self._stretch = self._rewarded, quiet
            self._windows["stall"] = self._now()
        if reward != 0.0:
            self._rewarded, self._rewards = step, self._rewards + 1
            self._paid.append(self._row)
        drop = float(scores["best"][0]) - ret
        if drop > self._drop:
            self._drop = drop
            self._windows["drop"] = self._now()
        if ended:
            self._windows["end"] = self._now()

    def acted(self, batch: StepBatch) -> None:
        """Add a row: what was seen, what was done, what is remembered after it."""
        self._row = {
            "step": int(batch.info["elapsed"][0]) + 1,
            "action": batch.actions[0].tolist(),
            "state": self._state_of(0),
            "obs": self._entries.read(batch)[0],
        }
        if self._row["step"] % self._every == 0:
            self._rows.append(self._row)
        if self._entries.image:
            self._frame = batch.obs[0].copy()

    def _now(self) -> _Window:
        before = (row for row in self._rows if row is not self._row)
        return _Window([*before, self._row][-self._last :], self._frame)

    def window(self, around: str, episode: Episode) -> tuple[str, _Window, str]:
        """Return the moment that is shown, its window, and a sentence about it."""
        windows, end = self._windows, self._windows["end"]
        if around == "stall" and self._stretch[1] > 1:
            start, length = self._stretch
            text = f"The longest stretch without reward: {length:,} steps, from step {start:,} to {start + length:,}."
            return around, windows["stall"], text
        if around == "rewards" and self._paid:
            shown = _Window(list(self._paid), self._frame)
            return around, shown, f"{self._rewards:,} steps gave a reward; the last {len(self._paid):,}, each a row."
        if around == "drop" and "drop" in windows:
            low = windows["drop"].rows[-1]["step"]
            return (
                around,
                windows["drop"],
                f"The deepest fall of the return: {self._drop:g}, to its low at step {low:,}.",
            )
        if around == "death":
            sparse = self._losses <= MOST_LOSSES and 2 * self._losses < episode.length
            kinds = {"life": "life lost", **({"loss": "negative reward"} if sparse else {})}
            for kind, words in kinds.items():
                if kind in windows:
                    at = windows[kind].rows[-1]["step"]
                    return around, windows[kind], f"The {_ordinal(self._life)} {words}, at step {at:,}."
            if episode.terminated and self._life == self._lost + 1:
                return around, end, f"The episode was over at step {episode.length:,}."
        missing = f"{_ordinal(self._life)} death" if around == "death" and self._life > 1 else around.rstrip("s")
        text = "Its last steps." if around == "end" else f"There was no {missing} in this episode: its last steps."
        return "end", end, text

    def window_at(self, step: int, episode: Episode) -> tuple[str, _Window, str]:
        """Like :meth:`window`, for an episode that was played up to ``step``."""
        over = f"The episode was over at step {episode.length:,}: its last steps."
        return "step", self._windows["end"], "The steps until then." if episode.length == step else over


def _rows(rows: Sequence[dict[str, Any]], names: Sequence[str], every: bool) -> list[dict[str, Any]]:
    """Return the rows as JSON values, with ``every`` number of the observation or with those that change, without copies."""
    if every:
        named = (zip(names, map(_plain, row["obs"].tolist()), strict=True) for row in rows)
        return [
            {**row, "state": flat(row["state"], MOST_CHOSEN, MOST_CHOSEN), "obs": dict(obs)}
            for row, obs in zip(rows, named, strict=True)
        ]
    table = np.array([row["obs"] for row in rows])
    _, distinct = np.unique(table, axis=1, return_index=True)
    taken = {at: len(np.unique(table[:, at])) for at in distinct.tolist()}
    varying = sorted((at for at in taken if taken[at] > 1), key=lambda at: (-taken[at], at))[:MOST_ENTRIES]
    return [
        {**row, "state": flat(row["state"]), "obs": {names[at]: _plain(float(row["obs"][at])) for at in varying}}
        for row in rows
    ]


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return "first" if number == 1 else f"{number}{ending}"


def _plain(value: float) -> int | float:
    return int(value) if value == int(value) else short(value)


def _check(entries: Sequence[str], fields: Sequence[str], names: Sequence[str]) -> None:
    """Refuse ``entries`` that are none, before anything is played."""
    for entry in entries:
        if entry.split("[")[0] not in fields and not any(_means(entry, name) for name in names):
            there = ", ".join([*fields, *names[:2], "..."])
            raise ConfigError(f"There is no entry {entry!r} to show: expected a number, or one of {there}")


def _means(entry: str, name: str) -> bool:
    """True where ``entry`` stands for ``name``: its number, its name, or the name of the array that it belongs to."""
    return name in (entry, f"RAM {entry}", f"obs[{entry}]") or re.split(r"[\[ ]", name)[0] == entry


def _chosen(entries: Sequence[str], row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the (group, name) of what ``entries`` name, in their order."""
    there = [(group, name) for group in ("state", "obs") for name in row[group]]
    return list(dict.fromkeys(one for entry in entries for one in there if _means(entry, one[1])))


def _columns(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the (group, name) of what changes within the window and is not the same as a column before it."""
    found: dict[tuple[float, ...], tuple[str, str]] = {}
    for group in ("state", "obs"):
        columns = [(tuple(row[group][name] for row in rows), (group, name)) for name in rows[0][group]]
        fresh = {values: name for values, name in columns if len(set(values)) > 1 and values not in found}
        found |= dict(sorted(fresh.items(), key=lambda column: -len(set(column[0])))[:MOST_COLUMNS])
    return list(found.values())


def _table(
    heading: str,
    rows: Sequence[dict[str, Any]],
    columns: Sequence[tuple[str, str]],
    meanings: Sequence[str],
    least: int,
    most: int,
) -> str:
    """Return the table with as many of the columns beyond ``least``, and then of the last rows, as ``most`` characters let."""
    constant = {
        name: value
        for name, value in rows[0]["state"].items()
        if ("state", name) not in columns and all(row["state"][name] == value for row in rows)
    }
    still = ", ".join(f"{name} {value:.4g}" for name, value in list(constant.items())[:MOST_COLUMNS])
    lines = [heading, *([f"State that did not change here: {still}."] if still else [])]
    lines.append("Each row: what was seen, the action then, the state after it, and what the step gave.")
    fewer = "Only the last {shown} of {asked} rows have room here: choose fewer entries, or every=8."
    room = most - sum(len(line) + 1 for line in [*lines, fewer])
    asked = len(rows)
    while True:
        cells = [_header(columns), *(_cells(row, columns, meanings) for row in rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        width = sum(widths) + len(widths)
        if width * (len(rows) + 1) <= room or len(rows) == 1:
            break
        if len(columns) > least:
            columns = columns[:-1] if columns[-1][0] == "obs" else columns[1:]
        else:
            rows = rows[1:]
    if len(rows) < asked:
        lines.append(fewer.format(shown=len(rows), asked=asked))
    table = (" ".join(cell.rjust(wide) for cell, wide in zip(line, widths, strict=True)).rstrip() for line in cells)
    return "\n".join([*lines, *table])


def _header(columns: Sequence[tuple[str, str]]) -> list[str]:
    names = [name if group == "state" else name.replace("RAM ", "ram") for group, name in columns]
    return ["step", "action", "reward", "return", "lives", *names]


def _cells(row: dict[str, Any], columns: Sequence[tuple[str, str]], meanings: Sequence[str]) -> list[str]:
    action = row["action"]
    words = " ".join(f"{part:.2f}" for part in action) if isinstance(action, list) else action_name(action, meanings)
    reward = f"{row['reward']:.4g}" if row["reward"] else "."
    return [str(row["step"]), words, reward, f"{row['return']:.5g}", str(row["lives"])] + [
        _number(row[group][name]) for group, name in columns
    ]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.4g}"
