"""Keeps every action of every episode, so that an episode can be checked step by step without the policy.

While episodes are played the bytes of each batch are only appended to a log; it is sorted into slots when it is long and
when an episode ends. An episode's actions then become one blob: a header, and the actions in the narrowest type that holds
them, compressed where that pays.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastheur import _core
from fastheur.batch import Array, StepBatch
from fastheur.rollout import Job
from fastheur.spec import ActionSpec, Spec

VERSION = 1
"""Of the blobs."""

_HEADER = struct.Struct("<B3cHI")
"""Version; what the actions are (``i`` int64, ``f`` float64); how an entry is stored; codec; entries per action, 0 for one
number; number of actions."""

_STORED = {b"b": np.int8, b"h": np.int16, b"i": np.int32, b"q": np.int64, b"d": np.float64}
_PLAIN, _ZLIB = b"p", b"z"

_LEAST = 1024
"""Bytes from which integers are compressed; a shorter episode costs more time than it saves. Floats hardly shrink."""

_BATCHES = 64
"""Batches after which the log is sorted."""

_FIRST_STEPS = 1024
"""Env steps per slot that there is room for at first."""


class ActionLog:
    """An :class:`fastheur.rollout.Observer`.

    Attributes:
        blobs: per candidate, by episode index: the finished episodes' actions; whoever has kept them may clear it.
    """

    def __init__(self, candidates: int) -> None:
        self.blobs: list[dict[int, bytes]] = [{} for _ in range(candidates)]

    def start(self, spec: Spec, jobs: Sequence[Job], slots: int, state_of: Callable[[int], dict[str, Any]]) -> None:
        """See :class:`fastheur.rollout.Observer`."""
        self._jobs = jobs
        kind, code = _types(spec.action)
        shape = spec.action.shape
        self._head = (VERSION, kind, code), shape[0] if shape else 0
        self._compresses = code != b"d"
        self._taken, self._info = (spec.action.dtype, (-1, *shape)), spec.info_dtype
        self._by_slot = np.empty((slots, _FIRST_STEPS, *shape), _STORED[code])
        self._log: list[tuple[bytes, bytes, bytes]] = []

    def scored(self, batch: StepBatch, scores: Array) -> None:
        """See :class:`fastheur.rollout.Observer`."""
        live = batch.live
        if live is None or len(live) == len(batch.slots):
            return
        self._sort()
        ended = np.ones(len(batch.slots), bool)
        ended[live] = False
        for row in ended.nonzero()[0]:
            slot, job = batch.slots[row], self._jobs[batch.episodes[row]]
            self.blobs[job.candidate][job.index] = self._packed(self._by_slot[slot, : scores["length"][slot]])

    def acted(self, batch: StepBatch) -> None:
        """See :class:`fastheur.rollout.Observer`."""
        live = batch.live
        if live is None:
            self._log.append((batch.actions.tobytes(), batch.slots.tobytes(), batch.info.tobytes()))
        else:
            self._log.append((batch.actions[live].tobytes(), batch.slots[live].tobytes(), batch.info[live].tobytes()))
        if len(self._log) >= _BATCHES:
            self._sort()

    def _sort(self) -> None:
        """Empty the log into the slots."""
        if not self._log:
            return
        taken, where, when = (b"".join(parts) for parts in zip(*self._log, strict=True))
        self._log.clear()
        dtype, shape = self._taken
        slots, steps = np.frombuffer(where, np.int32), np.frombuffer(when, self._info)["elapsed"]
        count, room, *rest = self._by_slot.shape
        most = int(steps.max())
        if most >= room:
            more = np.empty((count, max(2 * room, most + 1), *rest), self._by_slot.dtype)
            more[:, :room] = self._by_slot
            self._by_slot, room = more, more.shape[1]
        flat = self._by_slot.reshape(count * room, *rest)
        flat[slots.astype(np.intp) * room + steps] = np.frombuffer(taken, dtype).astype(flat.dtype).reshape(shape)

    def _packed(self, actions: Array) -> bytes:
        data, codec = actions.tobytes(), _PLAIN
        if self._compresses and len(data) >= _LEAST:
            data, codec = zlib.compress(data, 1), _ZLIB
        (version, kind, code), width = self._head
        return _HEADER.pack(version, kind, code, codec, width, len(actions)) + data


def _types(action: ActionSpec) -> tuple[bytes, bytes]:
    """Return what a task's actions are, and how they are stored."""
    if action.kind == "discrete":
        return b"i", next(
            code for code in (b"b", b"h", b"i", b"q") if action.n <= 1 << (8 * np.dtype(_STORED[code]).itemsize - 1)
        )
    return b"f", b"b" if action.kind == "buttons" else b"d"


def unpack(blob: bytes) -> Array:
    """Return the actions in a blob of :class:`ActionLog`: int64 (steps,) or float64 (steps, size).

    Raises:
        ValueError: it is damaged, or a newer fastheur wrote it.
    """
    if blob[:1] and blob[0] != VERSION:
        raise ValueError(f"an action log of version {blob[0]}, expected {VERSION}: update fastheur")
    try:
        _, kind, code, codec, width, count = _HEADER.unpack_from(blob)
        data = memoryview(blob)[_HEADER.size :]
        stored = np.frombuffer(zlib.decompress(data) if codec == _ZLIB else data, _STORED[code])
        actions = stored.reshape((count, width) if width else (count,))
    except (struct.error, zlib.error, KeyError, ValueError) as error:
        raise ValueError(f"a damaged action log: {error}") from error
    return actions.astype(np.int64 if kind == b"i" else np.float64)


def hash_of(actions: Array) -> str:
    """Return the 64-bit hash of an episode's actions, in hexadecimal, as :attr:`fastheur.rollout.Episode.action_hash`."""
    score = np.zeros(1, _core.ACCUMULATOR)
    slot = np.zeros(1, np.int32)
    _core.score_reset(score, slot, slot)
    if actions.size:
        _core.hash_actions(score, slot, np.ascontiguousarray(actions).reshape(1, -1))
    return f"{int(score['action_hash'][0]):016x}"


def hash_in(blob: Any) -> str | None:
    """Return the hash of the actions in a blob, None where it is damaged or no blob."""
    try:
        return hash_of(unpack(blob)) if isinstance(blob, bytes) else None
    except ValueError:
        return None


def first_difference(one: Array, other: Array) -> int | None:
    """Return the step, counted from 0, whose action is not the same in both; None where there is none.

    Where one of them is the other's beginning, that is the step after its end. -0.0 and 0.0 are the same.
    """
    shared = min(len(one), len(other))
    differs = one[:shared] != other[:shared]
    steps = np.flatnonzero(differs if differs.ndim == 1 else differs.any(axis=1))
    if len(steps):
        return int(steps[0])
    return None if len(one) == len(other) else shared
