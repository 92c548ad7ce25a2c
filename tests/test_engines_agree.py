"""engine=ale and engine=envpool give the same bits: observations, rewards, lives and ends of the same seeds and actions.

``python -m fastheur.throughput.agreement`` compares longer and more episodes.
"""

import pytest

from fastheur.throughput.agreement import ATARI, trace

DELICATE = ("atari/berzerk", "atari/breakout", "atari/double_dunk", "atari/pong", "atari/qbert", "atari/video_pinball")
"""Games whose reset draws random numbers, whose state is not whole right after it, that use paddles, and one plain one."""


@pytest.mark.parametrize("game", ATARI)
def test_ram_is_the_same_in_every_game(game):
    setting = (game, "ram", "weng2026")
    assert trace("ale", *setting, steps=80, episodes=2) == trace("envpool", *setting, steps=80, episodes=2)


@pytest.mark.parametrize("game", ATARI)
def test_pixels_are_the_same_in_every_game(game):
    setting = (game, "native", "weng2026")
    assert trace("ale", *setting, steps=25, episodes=2) == trace("envpool", *setting, steps=25, episodes=2)


@pytest.mark.parametrize("game", DELICATE)
@pytest.mark.parametrize("mode", ["ram", "native"])
def test_sticky_actions_and_random_no_ops_fall_the_same_in_used_machines_too(game, mode):
    size = {"steps": 250 if mode == "ram" else 60, "episodes": 4}
    assert trace("ale", game, mode, "robust", slots=1, **size) == trace(
        "envpool", game, mode, "robust", slots=4, **size
    )
