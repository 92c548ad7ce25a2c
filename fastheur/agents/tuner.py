"""The agent that needs no language model: searches the start policy's declared parameters, round after round.

Whatever it asks for depends on the run's settings and on the answers alone, so a run that is resumed asks the same again,
and the Lab answers from its records up to where the run had stopped.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from fastheur.agents.base import Assignment, Door
from fastheur.errors import ConfigError, whole
from fastheur.operations import OPERATIONS
from fastheur.unswitching import unswitched

_LEAST_ROUNDS = 3
"""A round takes no more than this part of a small budget: what a search finds has still to be tried, and judged."""


class Tuner:
    """Searches parameters and switches; a champion whose switches are settled is then offered in simpler form."""

    replays: ClassVar[bool] = True
    waits: ClassVar[bool] = False

    def check(self, settings: Mapping[str, Any], source: str) -> None:
        """See :class:`fastheur.agents.base.Agent`."""
        for name in ("round_steps", "patience"):
            whole(f"agent.{name}", settings[name])
        samplers = OPERATIONS["search"].arguments["sampler"]["enum"]
        if settings["sampler"] not in samplers:
            raise ConfigError(f"agent.sampler is {settings['sampler']!r}, expected one of {', '.join(samplers)}.")
        if not isinstance(settings["space"] or {}, Mapping):
            raise ConfigError(f"agent.space is {settings['space']!r}, expected {{NAME: [low, high]}}, or null.")
        if "PARAMS" not in source:
            raise ConfigError(
                "agent=tuner searches the parameters of a policy, and the start policy declares no PARAMS: give "
                "start=FILE with some (docs/first-policy.md shows how), or take another agent."
            )

    def run(self, door: Door, assignment: Assignment) -> None:
        """See :class:`fastheur.agents.base.Agent`."""
        settings = assignment.settings
        brief = door.call("brief", {}).data
        budget = (
            brief["left"]["env_steps"] + brief["spent"]["env_steps"]
        )  # whole: a kill so far must not change the rounds
        request = {
            "source": brief["champion_source"],
            "steps": max(1, min(settings["round_steps"], budget // _LEAST_ROUNDS)),
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
