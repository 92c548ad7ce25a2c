"""What a running run shows to whoever watches it: plain data that the Lab writes and a view reads."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

LINES = 8


@dataclass
class Board:
    """The state of a run as it is shown.

    Attributes:
        doing: the operation under way, empty between two. steps: env steps charged, those under way included.
        model_steps: charged when the last operation ended; None where nothing was planned.
        champion, champion_score, start_score: as last judged, None before. versions: how many were tried.
        lines: what happened last, newest at the end. listener: called with every line.
    """

    doing: str = ""
    episodes: tuple[int, int] = (0, 0)
    steps: int = 0
    wall_s: float = 0.0
    tokens: int | None = None
    money: float | None = None
    model_steps: int | None = None
    champion: str = ""
    champion_score: float | None = None
    start_score: float | None = None
    versions: int = 0
    began: float = field(default_factory=time.monotonic)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES))
    listener: Callable[[str], None] | None = None

    def say(self, text: str) -> None:
        """Add a line."""
        for line in text.splitlines():
            self.lines.append(line)
            if self.listener:
                self.listener(line)
