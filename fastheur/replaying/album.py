"""The moments of an episode as one picture, in one pass: for an agent, who pays for every step that is taken.

Which moments matter is known at the end only, so pictures are kept as they come, packed, at even steps: few enough to fit
into memory, near enough to each other that one is close to every moment.
"""

import zlib
from bisect import bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.engines import make_engine, step_cap
from fastheur.host import Candidate
from fastheur.operations import Answer, Picture
from fastheur.places import Place, find_place
from fastheur.replaying.film import Film
from fastheur.replaying.frames import Frame
from fastheur.replaying.moments import Highlight, find_moments
from fastheur.replaying.overlay import Overlay
from fastheur.replaying.scene import Scene, play
from fastheur.replaying.sheet import contact_sheet
from fastheur.replaying.steps import Steps, step_rows
from fastheur.rollout import Job, Observer
from fastheur.spec import Spec
from fastheur.tasks import Protocol, Task

MOST_KEPT = 4000
"""Pictures kept at a time, some 3 kB each where they are Atari's."""

PER_SECOND = 10
"""Pictures kept of a second of the game."""

MOST_TEXT = 200
"""Characters of a moment's line, so that an answer stays short whatever a policy's STATE holds."""


def album(
    task: Task,
    protocol: Protocol,
    candidate: Candidate,
    *,
    index: int,
    seed: int,
    tiles: int = 12,
    steps: Sequence[int] = (),
    place: Place | None = None,
) -> Answer:
    """Play an episode again and show the moments that matter, or the steps that are asked for.

    Args:
        task, protocol, candidate: what is played, how, and by whom. index, seed: of the episode.
        tiles: moments at most. steps: those to show instead; the episode is played up to the last of them only.
        place: where the policy runs; None: in this process.

    Returns:
        One contact sheet of at most 200 kB, a line per moment, and in ``data`` what :func:`fastheur.tracing.trace` gives
        to compare with the first time.

    Raises:
        PolicyError: the policy failed.
    """
    engine = make_engine("auto", task, protocol, pictures=True)
    kept = Kept(
        max(1, round(engine.frames_per_s / PER_SECOND), (step_cap(task, protocol) or 0) // MOST_KEPT), set(steps)
    )
    seen = Steps()
    film = Film([engine], kept.add, kept.wanted, [candidate.policy.marks])
    scene = Scene(task, protocol, candidate, index, seed, max(steps, default=None))
    [episode] = play([scene], engine, place or find_place("none"), _Together(seen, film))
    ending = episode.ending(scene.steps)
    rows = step_rows(seen.tables[0])
    chosen = sorted({min(step, episode.length) for step in steps})
    asked = [Highlight(step, "asked", f"score {rows[step].score:g}") for step in chosen]
    moments = asked or find_moments(rows, tiles, ending, engine.frames_per_s)
    title = f"{task.name} {task.mode}, {Path(candidate.policy.name).stem}, episode {index}"
    overlay = Overlay(title)
    found = [(kept.nearest(moment.step), moment) for moment in moments]
    pictures = [(overlay.picture(frame), f"step {frame.step:,}: {moment.text}") for frame, moment in found]
    lines = [f"{title}: return {episode.ret:g} in {episode.length:,} steps, {ending}.", *map(_line, found)]
    data = {
        "moments": [{"step": frame.step, "kind": one.kind, "text": one.text} for frame, one in found],
        "ret": episode.ret,
        "length": episode.length,
        "action_hash": episode.action_hash,
        "env_steps": engine.env_steps,
    }
    return Answer("\n".join(lines), data, (Picture(title, contact_sheet(pictures, title)),))


def _line(found: tuple[Frame, Any]) -> str:
    frame, moment = found
    state = ", ".join(f"{name} {value:.4g}" for name, value in frame.state.items())
    line = f"step {frame.step:,}: {moment.text}; {frame.action or 'the end'}{'; ' if state else ''}{state}"
    return line if len(line) <= MOST_TEXT else f"{line[: MOST_TEXT - 4]} ..."


class Kept:
    """Frames at even steps, their pictures packed; whenever there are too many, every second one goes."""

    def __init__(self, every: int, also: Collection[int] = ()) -> None:
        self._every, self._also = every, also
        self._frames: list[tuple[Frame, bytes, tuple[int, ...]]] = []

    def wanted(self, step: int) -> bool:
        """True where a frame is to be kept."""
        return step % self._every == 0 or step in self._also

    def add(self, slot: int, frame: Frame) -> None:
        """Keep a frame."""
        if len(self._frames) >= MOST_KEPT:
            self._every *= 2
            self._frames = [one for one in self._frames if self.wanted(one[0].step)]
        packed = zlib.compress(frame.picture.tobytes(), 1)
        self._frames.append((replace(frame, picture=np.empty(0, np.uint8)), packed, frame.picture.shape))

    def nearest(self, step: int) -> Frame:
        """Return the last frame kept up to ``step``."""
        place = max(0, bisect_right(self._frames, step, key=lambda one: one[0].step) - 1)
        frame, packed, shape = self._frames[place]
        return replace(frame, picture=np.frombuffer(zlib.decompress(packed), np.uint8).reshape(shape))


class _Together:
    """Several observers of one rollout."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def start(self, spec: Spec, jobs: Sequence[Job], slots: int, state_of: Callable[[int], dict[str, Any]]) -> None:
        """See :class:`fastheur.rollout.Observer`."""
        for one in self._observers:
            one.start(spec, jobs, slots, state_of)

    def scored(self, batch: StepBatch, scores: Array) -> None:
        """See :class:`fastheur.rollout.Observer`."""
        for one in self._observers:
            one.scored(batch, scores)

    def acted(self, batch: StepBatch) -> None:
        """See :class:`fastheur.rollout.Observer`."""
        for one in self._observers:
            one.acted(batch)
