"""The memory that a host and a policy's process share: headers, letters and the columns of a batch.

The *inbox* is written by the host, and mapped read-only where the policy runs; the *outbox* goes the other way. Both have a
fixed size and are sealed: neither side can pull the memory from under the other. Whatever the outbox says is untrusted.
"""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from fastheur.batch import Array
from fastheur.spec import ActionSpec, ModelSource, Spec

INBOX_LETTER = 4 << 20
"""Bytes for a letter to the worker: a policy's source (1 MB at most, twice that in JSON) or a population's values."""

OUTBOX_LETTER = 1 << 20
"""Bytes for a letter from the worker: what a policy declares, or what went wrong."""

MOST_WORDS = 4000
"""Characters of an error's message in such a letter."""

INBOX_HEADER = np.dtype(
    [
        ("call", "u8"), ("asleep", "u8"), ("look_ns", "i8"), ("command", "i4"), ("letter", "i4"), ("rows", "i4"),
        ("starts", "i4"),
    ],
    align=True,
)  # fmt: skip
OUTBOX_HEADER = np.dtype([("call", "u8"), ("asleep", "u8"), ("status", "i4"), ("letter", "i4")], align=True)
"""``call`` counts calls, and answers; who is ``asleep`` wants to hear a bell; the worker looks out for the next call so long."""

_ALIGNED = 64


LOAD, PREPARE, PLAY = 1, 2, 3
"""Commands: what the worker is to do."""

DONE, FAILED = 1, 2
"""Statuses: how it went; a failure comes with a letter."""


class Box:
    """A header, room for a letter, and columns behind it, over one piece of memory.

    Args:
        memory: as many bytes as :meth:`laid_out` will ask for, or more. header: its dtype. letter: bytes.
    """

    def __init__(self, memory: Any, header: np.dtype, letter: int) -> None:
        self._bytes = np.frombuffer(memory, np.uint8)
        record = self._bytes[: header.itemsize].view(header)
        self.header: dict[str, Array] = {name: record[name] for name in header.names or ()}
        start = _up(header.itemsize)
        self._letter = self._bytes[start : start + letter]
        self._columns_at = start + letter

    def write(self, letter: bytes) -> None:
        """Put a letter.

        Raises:
            ValueError: it is too long; nothing was written.
        """
        if len(letter) > len(self._letter):
            raise ValueError(f"a letter of {len(letter):,} bytes, expected at most {len(self._letter):,}")
        self._letter[: len(letter)] = np.frombuffer(letter, np.uint8)
        self.header["letter"][0] = len(letter)

    def read(self) -> bytes:
        """Return a copy of the letter; a length that cannot be is cut."""
        length = min(max(0, int(self.header["letter"][0])), len(self._letter))
        return self._letter[:length].tobytes()

    def laid_out(self, columns: Mapping[str, tuple[tuple[int, ...], np.dtype]]) -> dict[str, Array]:
        """Return an array per column (shape, dtype), one behind the other.

        Raises:
            ValueError: the memory has no room for them.
        """
        found, start = {}, self._columns_at
        for name, (shape, dtype) in columns.items():
            end = start + prod(shape) * dtype.itemsize
            if end > len(self._bytes):
                raise ValueError(f"{end:,} bytes of columns, expected at most {len(self._bytes):,}")
            found[name] = self._bytes[start:end].view(dtype).reshape(shape)
            start = _up(end)
        return found


def inbox_columns(spec: Spec, slots: int) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    """Return what the host sends with a batch: observations and info of its rows, and the episodes that start."""
    return {
        "slots": ((slots,), np.dtype(np.int32)),
        "info": ((slots,), spec.info_dtype),
        "start_slots": ((slots,), np.dtype(np.int64)),
        "start_candidates": ((slots,), np.dtype(np.int64)),
        "start_keys": ((slots,), np.dtype(np.uint64)),
        "obs": ((slots, *spec.obs_shape), spec.obs_dtype),
    }


def outbox_columns(spec: Spec, slots: int, state: np.dtype) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    """Return what comes back: actions by row; random draws, model steps and the policy's state by slot."""
    return {
        "actions": ((slots, *spec.action.shape), spec.action.dtype),
        "draws": ((slots,), np.dtype(np.uint64)),
        "model_steps": ((slots,), np.dtype(np.int64)),
        "state": ((slots,), state),
    }


def bytes_of(columns: Mapping[str, tuple[tuple[int, ...], np.dtype]], header: np.dtype, letter: int) -> int:
    """Return the bytes of a box with these columns."""
    return _up(header.itemsize) + letter + sum(_up(prod(shape) * dtype.itemsize) for shape, dtype in columns.values())


def spec_to_dict(spec: Spec) -> dict[str, Any]:
    """Return a spec as plain JSON values."""
    action = spec.action
    return {
        **{name: getattr(spec, name) for name in ("env_id", "mode", "suite", "obs_shape")},
        "obs_dtype": _dtype_to(spec.obs_dtype),
        "info_dtype": _dtype_to(spec.info_dtype),
        "action": {**vars(action), "low": action.low.tolist(), "high": action.high.tolist()},
        "model": None if spec.model is None else vars(spec.model),
    }


def spec_from_dict(values: Mapping[str, Any]) -> Spec:
    """Return the spec that :func:`spec_to_dict` gave."""
    action = values["action"]
    bounds = {name: np.array(action[name], np.float64) for name in ("low", "high")}
    return Spec(
        values["env_id"],
        values["mode"],
        values["suite"],
        tuple(values["obs_shape"]),
        _dtype_from(values["obs_dtype"]),
        _dtype_from(values["info_dtype"]),
        ActionSpec(**{**action, **bounds, "meanings": tuple(action["meanings"])}),
        None if values["model"] is None else ModelSource(**values["model"]),
    )


def _dtype_to(dtype: np.dtype) -> Any:
    if not dtype.names:
        return dtype.str
    fields = [[name, dtype[name].base.str, list(dtype[name].shape)] for name in dtype.names]
    return {"aligned": dtype.isalignedstruct, "fields": fields}


def _dtype_from(value: Any) -> np.dtype:
    if isinstance(value, str):
        return np.dtype(value)
    fields = [(name, base, tuple(shape)) for name, base, shape in value["fields"]]
    return np.dtype(fields, align=value["aligned"])


def _up(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
