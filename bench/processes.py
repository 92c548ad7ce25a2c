"""The processes that belong to a run, found in /proc: its descendants, and whoever carries its mark."""

import time
from collections.abc import Iterator
from pathlib import Path


class Watched:
    """The processes of a run at one moment.

    Args:
        pid: the run's own. mark: text in the environment or the command line of its processes, also of later ones.
    """

    def __init__(self, pid: int, mark: str) -> None:
        self._mark = mark.encode()
        table = {number: found for number in _all() if (found := _stat(number))}
        family = {pid}
        for number in sorted(table):  # a child that has a smaller number than its parent is found by its mark
            if table[number][0] in family:
                family.add(number)
        self._born = {number: table[number][1] for number in family if number in table}

    def alive(self) -> list[int]:
        """Return the processes that are left; those that have ended and wait to be reaped are none."""
        left = []
        for number in _all():
            stat = _stat(number)
            if stat and (self._born.get(number) == stat[1] or self._mark in _words(number)):
                left.append(number)
        return left

    def names(self) -> list[str]:
        """Return the command lines of the processes that are left."""
        found = (Path(f"/proc/{number}/cmdline") for number in self.alive())
        return [
            path.read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200] for path in found if path.exists()
        ]

    def gone_after(self, patience: float) -> float:
        """Wait until all have gone and return the seconds that it took; more than ``patience`` where some have not."""
        began = time.monotonic()
        while self.alive():
            if time.monotonic() - began > patience:
                return time.monotonic() - began
            time.sleep(0.02)
        return time.monotonic() - began


def _all() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _stat(number: int) -> tuple[int, int] | None:
    """Return parent and start time of a process; None where it has gone or is a zombie."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else (int(fields[1]), int(fields[19]))


def _words(number: int) -> bytes:
    """Return environment and command line of a process."""
    text = b""
    for name in ("environ", "cmdline"):
        try:
            text += Path(f"/proc/{number}/{name}").read_bytes()
        except OSError:  # it has gone, or is another user's
            continue
    return text
