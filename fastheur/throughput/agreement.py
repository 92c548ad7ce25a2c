"""Do two engines play the same? Traces of everything that a policy or a scorer could see, of the same seeds and actions.

As a script it compares engine=ale with engine=envpool in all 57 games, more deeply than the tests do:
``python -m fastheur.throughput.agreement [MODE] [PROTOCOL] [EPISODES] [STEPS]``.
"""

import hashlib
import sys

import numpy as np

from fastheur.engines import make_engine
from fastheur.seeds import episode_seeds
from fastheur.tasks import environments, find_environment, find_protocol, make_task

ATARI = tuple(name for name, entry in environments().items() if entry.suite == "atari")


def trace(
    engine: str, game: str, mode: str, protocol: str, *, steps: int, episodes: int = 3, slots: int = 2
) -> dict[int, tuple[str, int, bool]]:
    """Play pseudo-random actions and return per episode: a hash of all transitions, its length, whether it terminated.

    Args:
        engine, game, mode, protocol: what is played. steps: the cap. episodes, slots: of the train split; fewer slots
            than episodes make slots start more than one.
    """
    environment = find_environment(game)
    chosen = find_protocol(protocol, environment, max_steps=steps)
    player = make_engine(engine, make_task(environment, mode, chosen), chosen, threads=1)
    actions = np.random.default_rng(7).integers(0, player.spec.action.n, (episodes, steps + 1))
    seen = [hashlib.sha256() for _ in range(episodes)]
    ends: dict[int, tuple[str, int, bool]] = {}
    for batch in player.episodes(episode_seeds("train", 0, episodes), slots):
        for row, (episode, elapsed) in enumerate(zip(batch.episodes, batch.info["elapsed"], strict=True)):
            facts = (batch.reward[row], batch.lives[row], elapsed, batch.terminated[row], batch.truncated[row])
            seen[episode].update(batch.obs[row].tobytes() + np.array(facts, np.float64).tobytes())
            batch.actions[row] = actions[episode, elapsed]
            if batch.terminated[row] or batch.truncated[row]:
                ends[int(episode)] = (seen[episode].hexdigest(), int(elapsed), bool(batch.terminated[row]))
    assert player.env_steps == sum(length for _, length, _ in ends.values())
    return ends


def main(mode: str = "ram", protocol: str = "robust", episodes: str = "10", steps: str = "500") -> int:
    """Compare the engines game by game and return how many differ."""
    size = {"episodes": int(episodes), "steps": int(steps)}
    different = []
    for game in ATARI:
        one = trace("ale", game, mode, protocol, **size, slots=1)
        other = trace("envpool", game, mode, protocol, **size, slots=int(episodes))
        if one != other:
            different.append(game)
            print(f"{game}: episodes {[e for e in other if one.get(e) != other[e]]} differ", flush=True)
    print(
        f"{mode} {protocol}, {episodes} episodes of up to {steps} steps: {len(ATARI) - len(different)} of {len(ATARI)} agree"
    )
    return len(different)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
