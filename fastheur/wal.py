"""Reads SQLite's write-ahead log by itself: what it holds, and whether it ends where a write ended.

SQLite uses the frames up to the last commit whose checksums are right, and drops the rest without a word. Format:
https://www.sqlite.org/fileformat2.html#walformat
"""

import struct
from dataclasses import dataclass
from pathlib import Path

_HEADER, _FRAME = 32, 24
_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
"""The first word, and the byte order of the checksums that it stands for."""


@dataclass(frozen=True)
class Wal:
    """A write-ahead log.

    Attributes:
        committed: frames (pages) that SQLite uses. dropped: frames behind them that it does not use, the last may be partial.
        fault: what is wrong at the end of what it uses, None where it ends with a commit.
    """

    committed: int
    dropped: int = 0
    fault: str | None = None


def read_wal(path: Path) -> Wal | None:
    """Return what is in a write-ahead log; None where there is none, or an empty one.

    Raises:
        OSError: it cannot be read.
    """
    if not path.exists() or not path.stat().st_size:
        return None
    data = memoryview(path.read_bytes())
    if len(data) < _HEADER:
        return Wal(0, 0, f"it is cut off after {len(data)} bytes, within its header")
    magic, _, size, _, *salts = struct.unpack(">6I", data[:24])
    order = _MAGIC.get(magic)
    sums = (0, 0) if order is None else _summed(data[:24], order, (0, 0))
    if order is None or sums != struct.unpack(">2I", data[24:32]):
        return Wal(0, (len(data) - _HEADER) // (_FRAME + 4096), "its header is damaged, so that nothing in it is used")
    frames = committed = 0
    at, fault = _HEADER, None
    while at < len(data):
        head, page = data[at : at + _FRAME], data[at + _FRAME : at + _FRAME + size]
        if len(head) == _FRAME and list(struct.unpack(">2I", head[8:16])) != salts:
            break  # left from before it was begun anew: no part of it
        if len(page) < size:
            fault = f"it is cut off {len(head) + len(page)} bytes into frame {frames + 1}"
            break
        sums = _summed(page, order, _summed(head[:8], order, sums))
        if sums != struct.unpack(">2I", head[16:24]):
            fault = f"frame {frames + 1} does not agree with its checksum"
            break
        frames += 1
        at += _FRAME + size
        if struct.unpack(">I", head[4:8])[0]:  # the size of the database after a commit
            committed = frames
    if fault is None and frames > committed:
        fault = "its last write was not finished"
    lost = -(-(len(data) - at) // (_FRAME + size)) if fault else 0
    return Wal(committed, frames - committed + lost, fault)


def _summed(data: memoryview, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    """Go on with SQLite's checksum over a multiple of eight bytes."""
    first, second = sums
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for one, two in zip(words, words, strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second
