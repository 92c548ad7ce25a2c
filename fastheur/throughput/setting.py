"""How a contender is set up, and what the arena asks of it."""

from dataclasses import dataclass
from typing import Protocol

from fastheur.engine import default_threads
from fastheur.throughput.tape import Tape


@dataclass(frozen=True)
class Setting:
    """Environments at a time, worker threads or processes, for asynchronous pools how many answer at once, and lanes.

    Lanes are fastheur's: the groups of slots that take turns, 0 for the engine's own choice.
    """

    slots: int
    threads: int = 1
    batch: int = 0
    unit: str = "thread"
    lanes: int = 0

    def __str__(self) -> str:
        batch = f", batch {self.batch}" if self.batch else ""
        lanes = f", {_count(self.lanes, 'lane')}" if self.lanes else ""
        return f"{_count(self.slots, 'slot')}{batch}, {_count(self.threads, self.unit)}{lanes}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}{'es' if thing.endswith('s') else 's'}"


class Player(Protocol):
    """A contender that is built and ready.

    Attributes:
        slots: env steps per step of the whole. horizon: steps from a rewind on that end no episode; None: no limit.
    """

    slots: int
    horizon: int | None

    def load(self, tape: Tape) -> None:
        """Take the actions to replay; called once, before everything else."""

    def rewind(self) -> None:
        """Start again at step 0; never timed."""

    def play(self, first: int, steps: int) -> float:
        """Play ``steps`` steps, of which the first is step ``first`` since the rewind, and return the seconds."""

    def close(self) -> None:
        """Free everything."""


def cores() -> int:
    """Return how many cores this process may use."""
    return default_threads("")
