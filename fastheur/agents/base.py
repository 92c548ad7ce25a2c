"""What an agent is, and all it is given: the Lab's door, its own settings and a seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

from fastheur.operations import Answer


class Door(Protocol):
    """The Lab as an agent sees it: the Lab itself, or a client on the supervisor's socket."""

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Answer:
        """Do one operation of :data:`fastheur.operations.OPERATIONS`.

        Raises:
            FastheurError: bad arguments; says what was found and what is expected. Nothing was charged.
            RunOver: the run has ended; nothing more can be done.
        """

    def charge(self, tokens: int | None, money: float | None) -> None:
        """Charge what a language model took: tokens, and money in US dollars; None where unknown.

        With None twice nothing is charged or recorded: that only asks whether the run has ended.

        Raises:
            RunOver: the run has ended, or that used up the budget (what was taken is charged all the same).
        """

    def remember(self, kind: str, content: Any) -> None:
        """Keep something of the agent's own (JSON values) in the ledger, for a later :meth:`recall`."""

    def recall(self, kind: str) -> list[Any]:
        """Return what was kept under ``kind`` in this run, in order; empty in a new run."""

    def say(self, text: str) -> None:
        """Show one line of progress to whoever watches the run."""


@dataclass(frozen=True)
class Assignment:
    """What an agent is started with.

    Attributes:
        folder: the run folder. settings: the agent's own settings (``conf/agent/NAME.yaml``). seed: of the run.
        deadline_s: wall seconds that are left, None for no limit. resumed: the run goes on after a stop or a crash.
        idle_s: tells the seconds since anybody's last operation ended.
    """

    folder: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    deadline_s: float | None = None
    resumed: bool = False
    idle_s: Callable[[], float] = lambda: 0.0


class Agent(Protocol):
    """An agent: works on a run until it has no more ideas, calls ``finish``, or the run is over.

    Attributes:
        replays: it asks the same again where it gets the same answers, so a resumed run is answered from the records.
        waits: when it returns the run need not be over; somebody else may go on.
    """

    replays: ClassVar[bool]
    waits: ClassVar[bool]

    def check(self, settings: Mapping[str, Any], source: str) -> None:
        """Check its settings, and the ``source`` it starts from, before a run is made or taken up for it.

        Raises:
            ConfigError: one of them does not fit, or something that it needs (a key, a program, a file) is missing.
        """

    def run(self, door: Door, assignment: Assignment) -> None:
        """Improve the policy behind ``door``.

        Raises:
            RunOver: a budget is spent; the caller takes it as the normal end.
            FastheurError: the agent cannot work (no key, no such program): says what to set.
        """
