"""engine=ale and engine=envpool give the same bits: observations, rewards, lives and ends of the same seeds and actions.

``python -m fastheur.throughput.agreement`` compares longer and more episodes.
"""

import pytest

from fastheur import envpool_tasks
from fastheur.plain_atari import why_other
from fastheur.tasks import find_environment, find_protocol, make_task
from fastheur.throughput.agreement import ATARI, trace

DELICATE = ("atari/berzerk", "atari/breakout", "atari/double_dunk", "atari/pong", "atari/qbert", "atari/video_pinball")
"""Games whose reset draws random numbers, whose state is not whole right after it, that use paddles, and one plain one."""

TWO = {"steps": 80, "episodes": 2}
ONE = {"steps": 50, "episodes": 1}
"""Engines open the game for every machine, a quarter of a second each: engine=ale plays both episodes in one."""


@pytest.mark.parametrize("game", ATARI)
def test_ram_is_the_same_in_every_game(game):
    setting = (game, "ram", "weng2026")
    one, other = trace("ale", *setting, slots=1, **TWO), trace("envpool", *setting, slots=2, **TWO)
    assert one == other


@pytest.mark.parametrize("game", ATARI)
def test_pixels_are_the_same_in_every_game(game):
    setting = (game, "native", "weng2026")
    assert trace("ale", *setting, **ONE) == trace("envpool", *setting, **ONE)


@pytest.mark.parametrize("game", DELICATE)
@pytest.mark.parametrize("mode", ["ram", "native"])
def test_sticky_actions_and_random_no_ops_fall_the_same_in_used_machines_too(game, mode):
    size = {"steps": 250 if mode == "ram" else 60, "episodes": 4}
    assert trace("ale", game, mode, "robust", slots=1, **size) == trace(
        "envpool", game, mode, "robust", slots=4, **size
    )


@pytest.mark.parametrize("mode", ["ram", "native"])
@pytest.mark.parametrize("game", ["atari/breakout", "atari/pitfall"])
def test_what_is_known_of_a_game_without_opening_it_is_what_envpool_says(game, mode, monkeypatch):
    environment = find_environment(game)
    protocol = find_protocol("robust", environment)
    task = make_task(environment, mode, protocol)
    assert why_other(task, protocol) is None
    known = envpool_tasks.read_spec(task, protocol)
    monkeypatch.setattr(envpool_tasks, "why_other", lambda task, protocol: "it is asked")
    assert repr(envpool_tasks.read_spec(task, protocol)) == repr(known)
