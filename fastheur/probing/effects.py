"""Probe ``actions``: from one and the same start, hold each action, and see what differs from doing nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastheur.batch import Array
from fastheur.engine import Engine
from fastheur.errors import ConfigError
from fastheur.probing.entries import Entries
from fastheur.probing.walking import Move, chosen, hold, idle, moves

MOST_EFFECTS = 36
"""Numbers named for all actions together, at least two and at most six for each."""

KEPT_EFFECTS = 12
"""Numbers kept in the data for each action."""


@dataclass
class _Run:
    """What one held action led to."""

    rows: list[Array] = field(default_factory=list)
    frames: list[Array] = field(default_factory=list)
    score: float = 0.0
    ended: int = 0


def probe_actions(
    engine: Engine, seed: int, steps: int, action: int | None, after: int
) -> tuple[list[str], dict[str, Any]]:
    """Return the lines and the data of the probe; takes at most ``steps`` env steps, ``after`` of them before each action."""
    nothing = idle(engine.spec.action)
    held = moves(engine.spec.action) if action is None else [chosen(engine.spec.action, action)]
    held = [nothing, *(move for move in held if not np.array_equal(move.value, nothing.value))]
    each = steps // len(held) - after
    if each < 2:
        before = f" and {after:,} before" if after else ""
        raise ConfigError(
            f"steps is {steps}, expected at least {(2 + after) * len(held)}: two for each of {len(held)} actions{before}. "
            "Or hold one with action=N."
        )
    entries = Entries(engine.spec)
    runs = _play(engine, seed, held, each, after, entries)
    most = min(6, max(2, MOST_EFFECTS // (len(held) - 1)))
    spans = np.ptp(np.concatenate([np.array(run.rows) for run in runs]), axis=0)
    start = f"step {after:,}, after random actions" if after else "the same start"
    lines = [f"Each action held for up to {each} steps from {start}, against {nothing.name} held as long:"]
    data = []
    for move, run in zip(held[1:], runs[1:], strict=True):
        effects = _effects(entries.names, runs[0], run, spans)
        words = [_words(effect) for effect in effects[:most]]
        picture = _frame_words(runs[0], run)
        text = "; ".join([*words, *picture]) or "no difference"
        more = f"; {len(effects) - most} more numbers differ" if len(effects) > most else ""
        outcome = f"; score {run.score:g}" if run.score != runs[0].score else ""
        ended = f"; episode over after {run.ended} steps" if run.ended else ""
        lines.append(f"- {move.name}: {text}{more}{outcome}{ended}")
        data.append({"action": move.name, "effects": effects[:KEPT_EFFECTS], "frame": picture, "score": run.score})
    return lines, {"each": each, "nothing": nothing.name, "actions": data}


def _play(engine: Engine, seed: int, held: Sequence[Move], each: int, after: int, entries: Entries) -> list[_Run]:
    runs = [_Run() for _ in held]
    for batch in hold(engine, seed, held, each, after):
        values = entries.read(batch)
        for row, place in enumerate(batch.episodes.tolist()):
            run, ended = runs[place], bool(batch.terminated[row] or batch.truncated[row])
            if batch.info["elapsed"][row] < after and not ended:
                continue
            run.rows.append(values[row])
            run.score += float(batch.reward[row])
            if entries.image:
                run.frames = [batch.obs[row].copy()]
            if ended:
                run.ended = int(batch.info["elapsed"][row])
    return runs


def _effects(names: Sequence[str], nothing: _Run, run: _Run, spans: Array) -> list[dict[str, Any]]:
    """Return the numbers that differ, those first that differ much for their span and are still when nothing is done."""
    both = min(len(nothing.rows), len(run.rows))
    base, with_action = np.array(nothing.rows[:both]), np.array(run.rows[:both])
    off = np.abs(with_action - base)
    differs = off > 1e-9 * np.maximum(1.0, np.abs(base))
    steady = (base == base[0]).all(axis=0)
    one_way = (np.diff(with_action, axis=0) >= 0).all(axis=0) | (np.diff(with_action, axis=0) <= 0).all(axis=0)
    weight = off.mean(axis=0) / np.where(spans > 0, spans, 1.0) * (1.0 + steady + (steady & one_way))
    found = []
    for at in np.argsort(-weight, kind="stable").tolist():
        if not differs[:, at].any():
            continue
        values = with_action[:, at]
        found.append(
            {
                "name": names[at],
                "first_step": int(differs[:, at].argmax()),
                "start": float(values[0]),
                "end": float(values[-1]),
                "nothing": float(base[-1, at]),
                "lowest": float(values.min()),
                "highest": float(values.max()),
            }
        )
    return found


def _words(effect: dict[str, Any]) -> str:
    low, high = sorted((effect["start"], effect["end"]))
    beyond = effect["lowest"] < low or effect["highest"] > high
    span = f", within {effect['lowest']:.4g}..{effect['highest']:.4g}" if beyond else ""
    return (
        f"{effect['name']} {effect['start']:.4g} -> {effect['end']:.4g} from step {effect['first_step']} "
        f"(else {effect['nothing']:.4g}{span})"
    )


def _frame_words(nothing: _Run, run: _Run) -> list[str]:
    if not run.frames or run.frames[0].shape != nothing.frames[0].shape:
        return []
    changed = (run.frames[0] != nothing.frames[0]).reshape(-1, *run.frames[0].shape[-2:]).any(axis=0)
    if not changed.any():
        return []
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    return [
        f"{int(changed.sum()):,} pixels of the last frame differ, in rows {rows[0]}..{rows[-1]}, columns "
        f"{columns[0]}..{columns[-1]}"
    ]
