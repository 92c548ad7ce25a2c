"""What a run's agent may look at: probes of the task, and its own episodes played again, all charged to the budget."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastheur.errors import ConfigError, PolicyError
from fastheur.judge import Judge
from fastheur.lab_requests import shown
from fastheur.operations import Answer
from fastheur.run_ledger import RunLedger
from fastheur.runs import RunConfig
from fastheur.seeds import episode_seeds
from fastheur.tasks import Protocol


class Looks:
    """Instrumented rollouts for an agent; ``world`` is what the player said of the task."""

    def __init__(self, config: RunConfig, ledger: RunLedger, judge: Judge, world: Mapping[str, Any]) -> None:
        self._config, self._ledger, self._judge, self._world = config, ledger, judge, world

    def probe(self, number: int, kind: str, steps: int, action: int | None = None, after: int = 0) -> Answer:
        """Look at the task itself; see the operation ``probe``."""
        world, judge = self._world, self._judge
        if action is not None and world["kind"] == "discrete" and action >= world["actions"]:
            raise ConfigError(f"action is {action}, expected {world['action']}.")
        steps = min(steps, judge.left)
        seed = episode_seeds("train", 0, 1)[0]
        asked = {"kind": kind, "steps": steps, "seed": seed, "action": action, "after": after}
        return shown(judge.observe(number, "probe", steps, self._config.protocol, **asked))

    def trace(
        self,
        number: int,
        trial: int,
        episode: int,
        around: str,
        last: int,
        life: int = 1,
        every: int = 1,
        step: int | None = None,
        entries: Sequence[str] = (),
    ) -> Answer:
        """Show the steps before a moment of an episode; see the operation ``trace``."""
        asked = {"around": around, "last": last, "life": life, "every": every, "step": step, "entries": entries}
        return self._again(number, "trace", trial, episode, until=step, **asked)

    def replay(self, number: int, trial: int, episode: int, tiles: int, steps: Sequence[int] = ()) -> Answer:
        """Show the moments of an episode that matter; see the operation ``replay``."""
        return self._again(number, "replay", trial, episode, until=max(steps, default=None), tiles=tiles, steps=steps)

    def _again(
        self, number: int, what: str, trial: int, episode: int, until: int | None = None, **settings: Any
    ) -> Answer:
        """Have an episode of a train trial played again, up to a step or whole, and check then that it was the same."""
        judge, found = self._judge, self._ledger.trial(trial)
        if found is None:
            raise ConfigError(f"There is no trial {trial} in this run; the answers of trial and search name theirs.")
        if found["split"] != "train":
            raise ConfigError(f"Trial {trial} was played on {found['split']} episodes, which only the harness sees.")
        args = json.loads(found["protocol_args"])  # all that were in force, the cap too
        protocol = Protocol(found["protocol"], None, 1, args=args)
        known = self._ledger.episode(trial, episode)
        needed = min(known["length"], until or known["length"]) if known else 0
        if needed > judge.left:
            raise ConfigError(
                f"Episode {episode} of trial {trial} takes {needed:,} env steps, and {judge.left:,} are left."
            )
        request = {
            "source": found["source"], "name": f"{found['name']}.py", "values": found["params"], "episode": episode,
            "seed": episode_seeds("train", episode, 1)[0], **settings,
        }  # fmt: skip
        answer = shown(judge.observe(number, what, judge.left, protocol, **request))
        whole = found["role"] != "search" and until is None  # episodes of a search may have been cut
        if known and whole and answer.data["action_hash"] != known["action_hash"]:
            raise PolicyError(
                f"Episode {episode} of trial {trial} was played again with other actions than recorded: the policy does not "
                "decide from its observations, state and uniform(state) alone."
            )
        return answer
