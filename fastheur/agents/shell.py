"""The agent that does nothing itself: keeps the Lab open while others work through `fastheur lab` or `fastheur mcp`."""

import shlex
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from fastheur.agents.base import Assignment, Door
from fastheur.errors import ConfigError

_GLANCE_S = 0.2


class Shell:
    """Waits until the run is over, or nobody has called for ``agent.idle_s`` seconds."""

    replays: ClassVar[bool] = False
    waits: ClassVar[bool] = True

    def check(self, settings: Mapping[str, Any], source: str) -> None:
        """See :class:`fastheur.agents.base.Agent`."""
        idle_s = settings["idle_s"]
        if isinstance(idle_s, bool) or not isinstance(idle_s, (int, float)) or not idle_s > 0:
            raise ConfigError(f"agent.idle_s is {idle_s!r}, expected seconds above 0.")

    def run(self, door: Door, assignment: Assignment) -> None:
        """See :class:`fastheur.agents.base.Agent`."""
        door.say(f"Waiting for callers: fastheur lab {shlex.quote(str(assignment.folder))} brief")
        idle_s = assignment.settings["idle_s"]
        while assignment.idle_s() < idle_s:
            door.charge(None, None)  # raises RunOver when a caller has ended the run
            time.sleep(_GLANCE_S)
