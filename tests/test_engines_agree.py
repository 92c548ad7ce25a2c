"""engine=ale and engine=envpool give the same bits: observations, rewards, lives and ends of the same seeds and actions."""

import hashlib

import numpy as np
import pytest

from fastheur.engines import make_engine
from fastheur.seeds import episode_seeds
from fastheur.tasks import environments, find_environment, find_protocol, make_task

GAMES = [name for name, entry in environments().items() if entry.suite == "atari"]


def stream(engine_name, game, mode, protocol, steps, episodes=3, slots=2):
    """Play fixed pseudo-random actions and return per episode everything a policy or a scorer could see."""
    environment = find_environment(game)
    chosen = find_protocol(protocol, environment, max_steps=steps)
    engine = make_engine(engine_name, make_task(environment, mode, chosen), chosen)
    actions = np.random.default_rng(7).integers(0, engine.spec.action.n, (episodes, steps + 1))
    seen = [hashlib.sha256() for _ in range(episodes)]
    ends = {}
    for batch in engine.episodes(episode_seeds("train", 0, episodes), slots):
        for row, (episode, elapsed) in enumerate(zip(batch.episodes, batch.info["elapsed"], strict=True)):
            seen[episode].update(batch.obs[row].tobytes())
            seen[episode].update(np.float64(batch.reward[row]).tobytes())
            seen[episode].update(
                batch.info[row].tobytes()[:4] + bytes([int(batch.lives[row]) & 255, int(elapsed) & 255])
            )
            batch.actions[row] = actions[episode, elapsed]
            if batch.terminated[row] or batch.truncated[row]:
                ends[int(episode)] = (int(elapsed), bool(batch.terminated[row]))
    assert engine.env_steps == sum(length for length, _ in ends.values())
    return [digest.hexdigest() for digest in seen], ends


@pytest.mark.parametrize("game", GAMES)
def test_ram_is_the_same_bit_for_bit(game):
    for protocol, steps in (("weng2026", 200), ("robust", 150)):
        assert stream("ale", game, "ram", protocol, steps) == stream("envpool", game, "ram", protocol, steps)


@pytest.mark.parametrize("game", GAMES)
def test_pixels_are_the_same_bit_for_bit(game):
    assert stream("ale", game, "native", "robust", 40) == stream("envpool", game, "native", "robust", 40)
