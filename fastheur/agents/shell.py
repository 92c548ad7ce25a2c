"""The agent that does nothing itself: keeps the Lab open while others work through `fastheur lab` or `fastheur mcp`."""

import time
from typing import ClassVar

from fastheur.agents.base import Assignment, Door

_GLANCE_S = 0.2


class Shell:
    """Waits until the run is over, or nobody has called for ``agent.idle_s`` seconds."""

    replays: ClassVar[bool] = False
    waits: ClassVar[bool] = True

    def run(self, door: Door, assignment: Assignment) -> None:
        """See :class:`fastheur.agents.base.Agent`."""
        door.say(f"Waiting for callers: fastheur lab {assignment.folder} brief")
        idle_s = assignment.settings["idle_s"]
        while assignment.idle_s() < idle_s:
            door.charge(None, None)  # raises RunOver when a caller has ended the run
            time.sleep(_GLANCE_S)
