"""The agent that needs no language model: searches the start policy's declared parameters, round after round.

Whatever it asks for depends on the run's settings and on the answers alone, so a run that is resumed asks the same again,
and the Lab answers from its records up to where the run had stopped.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from fastheur.agents.base import Assignment, Door
from fastheur.errors import ConfigError
from fastheur.unswitching import unswitched


class Tuner:
    """Searches parameters and switches; a champion whose switches are settled is then offered in simpler form."""

    replays: ClassVar[bool] = True
    waits: ClassVar[bool] = False

    def run(self, door: Door, assignment: Assignment) -> None:
        """See :class:`fastheur.agents.base.Agent`."""
        settings = assignment.settings
        request = {
            "source": door.call("brief", {}).data["champion_source"],
            "steps": settings["round_steps"],
            "space": dict(settings["space"] or {}),
            "sampler": settings["sampler"],
            "hypothesis": "parameter search",
        }
        idle, more = 0, True
        while more:
            answer = door.call("search", request)
            if answer.over:
                return
            found = answer.data
            idle = 0 if found["promoted"] else idle + 1
            if found["promoted"]:
                self._simplify(door, found["switches"])
            if found["goal_reached"]:
                door.call("finish", {"reason": "the goal is reached"})
                return
            if found["exhausted"] or idle >= settings["patience"]:
                more = self._refused(door, idle) and not found["exhausted"]

    @staticmethod
    def _refused(door: Door, idle: int) -> bool:
        """Offer to finish; True where the run is to use its whole budget first."""
        try:
            door.call("finish", {"reason": f"{idle} rounds of search without a better champion"})
        except ConfigError:
            return True
        return False

    @staticmethod
    def _simplify(door: Door, switches: Mapping[str, Any]) -> None:
        shorter = unswitched(door.call("brief", {}).data["champion_source"], switches)
        if shorter:
            hypothesis = "simplification: the settled switches are folded into the code"
            door.call("trial", {"source": shorter, "hypothesis": hypothesis})
