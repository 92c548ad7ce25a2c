"""Replays: an episode of a trial played again from the ledger alone, checked, and made into video, contact sheet and trace.

It is played twice. The first time is bare: it is checked against the recorded action hash, its steps become the trace, and
its moments are found. Only what is right is played once more, with pictures.
"""

import fcntl
import json
import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, TypeVar

from fastheur.drafts import write_whole
from fastheur.engine import Engine
from fastheur.engines import make_engine
from fastheur.errors import ConfigError, whole
from fastheur.places import find_place
from fastheur.recalling import Recalled, folder_of, recall
from fastheur.rechecking import Played, Progress, filmed, played_again, reporter
from fastheur.replaying.film import Behind, Declared, Film
from fastheur.replaying.frames import Frame
from fastheur.replaying.moments import find_moments
from fastheur.replaying.overlay import Overlay
from fastheur.replaying.parting import STILL_S, Beside, Both, Pair, Panels, around, parting, parting_text, step_of
from fastheur.replaying.sheet import contact_sheet
from fastheur.replaying.showing import Screen, Stretch
from fastheur.replaying.steps import step_rows
from fastheur.replaying.traces import check_format, write_trace
from fastheur.replaying.video import Video, thinned

SHEET_BYTES = 200_000
"""Of a contact sheet at most: what an agent is given to look at."""

_EMBEDDED = 12_000_000
"""Bytes of a video that a notebook shows in place."""

T = TypeVar("T")


@dataclass(frozen=True)
class Replay:
    """What was made of an episode.

    Attributes:
        video, sheet, facts_file: the files, None where one was not asked for. traces: the step table; of a comparison two.
        facts: what the facts' file holds.
    """

    facts_file: Path
    video: Path | None
    sheet: Path | None
    traces: tuple[Path, ...]
    facts: Mapping[str, Any] = field(repr=False)

    @property
    def moments(self) -> tuple[Mapping[str, Any], ...]:
        """``step``, ``kind`` and ``text`` of the moments on the contact sheet."""
        return tuple(self.facts["moments"])

    @property
    def trace(self) -> Path | None:
        """The step table; of a comparison, the left side's."""
        return self.traces[0] if self.traces else None

    @property
    def files(self) -> tuple[Path, ...]:
        """All files, in the order in which one looks at them."""
        return tuple(path for path in (self.video, self.sheet, *self.traces, self.facts_file) if path is not None)

    def __str__(self) -> str:
        return f"{self.facts['title']}: {self.facts['outcome']}"

    def _repr_html_(self) -> str:
        """Video and contact sheet for a notebook; a large video as a link."""
        parts = [f"<p>{escape(str(self))}</p>"]
        if self.video is not None and self.video.stat().st_size <= _EMBEDDED:
            parts.append(f'<video controls loop src="data:video/mp4;base64,{_base64(self.video)}"></video>')
        elif self.video is not None:
            parts.append(f'<p><a href="{escape(str(self.video))}">{escape(self.video.name)}</a></p>')
        if self.sheet is not None:
            parts.append(f'<p><img alt="Contact sheet" src="data:image/png;base64,{_base64(self.sheet)}"></p>')
        return "\n".join(parts)


def replay(
    run: str | Path,
    *,
    trial: str | int | None = None,
    episode: str | int = "worst",
    against: str | int | None = None,
    out: str | Path | None = None,
    video: bool = True,
    sheet: bool = True,
    trace: str | None = "csv",
    isolation: str | None = None,
    after: int = 0,
    from_step: int = 0,
    to_step: int | None = None,
    sheet_bytes: int = SHEET_BYTES,
    progress: Progress | None = None,
) -> Replay:
    """Play an episode of a trial again and make what shows it.

    Args:
        run: a run folder, a run's name, or a ledger file of ``fastheur eval``.
        trial: a trial's number, ``champion``, or a version such as ``v7``; None for the champion of a run, and for the last
            finished trial of an evaluation's ledger.
        episode: its index, ``worst``, ``best``, ``median``, or ``changed``: where it differs most from what it is compared
            with.
        against: another trial or version, to be shown beside it on the same episode up to the step at which their actions
            part; with ``episode="changed"`` the parent version where nothing is said.
        out: folder of the files; None for ``replays`` beside the ledger.
        video, sheet: make them. trace: ``csv``, ``parquet`` or None.
        isolation: where the policy runs, of :data:`fastheur.places.LEVELS`; None for ``strict``.
        after: of a comparison, env steps to go on for after they have parted.
        from_step, to_step: show these steps only (all are played, checked, and in the step table). The files of a part are
            named after it, ``trial17-episode3-steps100-400``: those of the whole episode stay.
        sheet_bytes: of a contact sheet at most.
        progress: see :data:`fastheur.rechecking.Progress`.

    Returns:
        What was made. Nobody is charged for the env steps that it took; ``facts["env_steps"]`` says how many they were.

    Raises:
        ReplayMismatch: the actions are not the recorded ones; then nothing is kept.
        FastheurError: there is no such run, trial or episode, it must not be seen yet, or it cannot be played here.
    """
    for name, number in (("after", after), ("from_step", from_step)):
        whole(name, number, 0)
    whole("sheet_bytes", sheet_bytes)
    if to_step is not None:
        whole("to_step", to_step, from_step)
    if trace is not None:
        check_format(trace)
    if not isinstance(out, (str, Path, type(None))):
        raise ConfigError(f"out is {out!r}, expected a folder, as a text or a Path, or None.")
    shown, other = recall(run, trial=trial, episode=episode, against=against)
    folder = folder_of(shown.ledger) if out is None else Path(out)
    work = _Work(folder, isolation or "strict", video, sheet, trace, sheet_bytes, progress or (lambda *_: None))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _in_turns(folder):
            if other is None:
                return work.alone(shown, from_step, to_step)
            return work.beside((shown, other), after, from_step, to_step)
    except OSError as error:
        raise ConfigError(f"Cannot write into {folder}: {error.strerror or error}.") from error


@contextmanager
def _in_turns(folder: Path) -> Iterator[None]:
    """Wait until no other process makes replays in a folder: two of the same episode would write the same drafts."""
    held = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


@dataclass(frozen=True)
class _Work:
    """What is to be made, and where."""

    folder: Path
    isolation: str
    video: bool
    sheet: bool
    trace: str | None
    sheet_bytes: int
    progress: Progress

    def alone(self, shown: Recalled, from_step: int, to_step: int | None) -> Replay:
        """Show one episode."""
        played = self._again(shown)
        last = played.length if to_step is None else min(played.length, to_step)
        rows = step_rows(played.table, from_step, last)
        ending = played.ending if last == played.length else "end of this part"
        title = f"{shown.task.name} {shown.task.mode}, {shown.title}"
        engine = make_engine("auto", shown.task, shown.protocol, pictures=True)
        moments = find_moments(rows, ending=ending, frames_per_s=engine.frames_per_s)
        stretch = self._stretch(
            from_step, last, engine, {one.step: f"step {one.step:,}: {one.text}" for one in moments}
        )

        def draw(screen: Screen[Frame]) -> None:
            with Behind(screen.show) as show:
                film = Film([engine], lambda _, frame: show(frame), stretch.wanted, [_marks(played)])
                self._film([played], engine, film, last)

        label = shown.label + _part(stretch, played.length)
        made = self._drawn(label, title, stretch, Screen(stretch, Overlay(title), _step), engine, draw)
        facts = {
            "title": title,
            "outcome": f"return {played.score:,.6g} in {played.length:,} env steps, {played.ending}",
            **_facts(played),
            **self._common(stretch, engine, [played], made),
            "moments": [{"step": one.step, "kind": one.kind, "text": one.text} for one in moments],
        }
        return self._kept(label, facts, self._traced([played], [shown.label]))

    def beside(self, pair: tuple[Recalled, Recalled], after: int, from_step: int, to_step: int | None) -> Replay:
        """Show two candidates on the same episode, up to where they part."""
        both = [self._again(one) for one in pair]
        names = [_who(one) for one in pair]
        parted = parting(both[0].table, both[1].table)
        last = max(one.length for one in both) if parted is None else parted + after
        end = min(last, max(one.length for one in both))
        last = end if to_step is None else min(end, to_step)
        shown, other = pair
        text = parting_text(names, [one.table for one in both], both[0].action, parted)
        name = f"trial{shown.trial}-vs-trial{other.trial}-episode{shown.index}"
        title = f"{shown.task.name} {shown.task.mode}, {shown.split} episode {shown.index}: {' and '.join(names)}"
        engines = [make_engine("auto", one.task, one.protocol, pictures=True) for one in pair]
        engine = Pair(engines)
        stretch = self._stretch(from_step, last, engine, around(parted, last))
        panels = Panels([f"{one.task.name} {one.task.mode}, {one.title}" for one in pair], parted, text)

        def draw(screen: Screen[Both]) -> None:
            latest: list[Both] = []

            def take(pictures: Both) -> None:
                latest[:] = [pictures]
                screen.show(pictures)

            with Behind(take) as show:
                together = Beside(lambda left, right: show((left, right)))
                self._film(both, engine, Film(engines, together, stretch.wanted, [_marks(one) for one in both]), last)
            if latest:
                panels.over = True
                screen.hold(latest[0], round(STILL_S * engine.frames_per_s))

        label = name + _part(stretch, end)
        made = self._drawn(label, f"{title}. {text}", stretch, Screen(stretch, panels, step_of), engine, draw)
        facts = {
            "title": title,
            "outcome": text,
            "parted_at": parted,
            "action_hash_equal": True,
            **self._common(stretch, engine, both, made),
            "moments": [{"step": step, "kind": "parting", "text": words} for step, words in stretch.moments.items()],
            "left": _facts(both[0]),
            "right": _facts(both[1]),
        }
        return self._kept(label, facts, self._traced(both, [f"{name}-left", f"{name}-right"]))

    def _again(self, shown: Recalled) -> Played:
        place = find_place(self.isolation, shown.limits)
        return played_again(shown, place, self.trace is not None, self.progress)

    def _film(self, played: list[Played], engine: Engine, film: Film, last: int) -> None:
        place = find_place(self.isolation, played[0].shown.limits)
        watch = reporter(self.progress, "pictures", engine, last * len(played))
        filmed(played, last, engine, place, film, watch)

    def _stretch(self, first: int, last: int, engine: Engine, captions: Mapping[int, str]) -> Stretch:
        if first > last:
            raise ConfigError(f"from_step is {first}, and what can be shown ends at step {last:,}.")
        every = thinned(engine.frames_per_s)[0] if self.video else 0
        moments = {step: words for step, words in sorted(captions.items()) if first <= step <= last}
        return Stretch(first, last, every, moments)

    def _traced(self, played: Sequence[Played], labels: Sequence[str]) -> tuple[Path, ...]:
        """Write the step tables."""
        if self.trace is None:
            return ()
        paths = [self.folder / f"{label}.{self.trace}" for label in labels]
        for path, one in zip(paths, played, strict=True):
            write_trace(path, one.table, one.action)
        return tuple(paths)

    def _drawn(
        self,
        label: str,
        title: str,
        stretch: Stretch,
        screen: Screen[T],
        engine: Engine,
        draw: Callable[[Screen[T]], None],
    ) -> dict[str, Any]:
        """Make video and contact sheet, as far as they are asked for; return what the facts say of them."""
        if not self.video and not self.sheet:
            return {"video": None, "sheet": None}
        with ExitStack() as opened:
            if self.video:
                screen.video = opened.enter_context(Video(self.folder / f"{label}.mp4", engine.frames_per_s))
            draw(screen)
        made: dict[str, Any] = {"video": f"{label}.mp4" if self.video else None}
        if screen.video is not None and screen.size is not None:
            height, width = screen.size
            made |= {"width": width, "height": height, "pictures": screen.video.written}
            made |= {"pictures_per_s": float(screen.video.rate)}
        if self.sheet:
            tiles = [(screen.tiles[step], words) for step, words in stretch.moments.items()]
            write_whole(self.folder / f"{label}.png", contact_sheet(tiles, title, self.sheet_bytes))
        return {**made, "sheet": f"{label}.png" if self.sheet else None}

    def _common(
        self, stretch: Stretch, engine: Engine, played: Sequence[Played], made: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {
            "from_step": stretch.first,
            "to_step": stretch.last,
            "frames_per_s": engine.frames_per_s,
            **made,
            "isolation": self.isolation,
            "env_steps": engine.env_steps + sum(one.env_steps for one in played),
        }

    def _kept(self, label: str, facts: Mapping[str, Any], traces: tuple[Path, ...]) -> Replay:
        """Write the facts, last of all."""
        path = self.folder / f"{label}.json"
        facts = {**facts, "traces": [trace.name for trace in traces]}
        write_whole(path, (json.dumps(facts, indent=1) + "\n").encode())
        video, sheet = (self.folder / str(facts[name]) if facts[name] else None for name in ("video", "sheet"))
        return Replay(path, video, sheet, traces, facts)


def _facts(played: Played) -> dict[str, Any]:
    """Return what is to be said of an episode that was played again."""
    shown, recorded = played.shown, played.shown.recorded
    return {
        "trial": shown.trial,
        "version": shown.version,
        "role": shown.role,
        "split": shown.split,
        "episode": shown.index,
        "env_id": shown.task.env_id,
        "obs_mode": shown.task.mode,
        "protocol": shown.protocol.name,
        "policy_sha256": shown.sha256,
        "params": dict(shown.values),
        "action_hash": None if played.episode is None else played.episode.action_hash,
        "recorded_action_hash": None if recorded is None else recorded.action_hash,
        "action_hash_equal": None if recorded is None else True,
        "length": played.length,
        "return": played.score,
        "ending": played.ending,
        "problem": played.problem or None,
        "remark": shown.remark or None,
    }


def _part(stretch: Stretch, length: int) -> str:
    """Return what is put behind a name where not all of an episode is shown."""
    whole_one = stretch.first == 0 and stretch.last == length
    return "" if whole_one else f"-steps{stretch.first}-{stretch.last}"


def _who(shown: Recalled) -> str:
    return f"{shown.version or shown.name} (trial {shown.trial})"


def _step(frame: Frame) -> int:
    return frame.step


def _marks(played: Played) -> Declared:
    return played.scene.candidate.policy.marks


def _base64(path: Path) -> str:
    return b64encode(path.read_bytes()).decode("ascii")
