"""An episode is the same whatever runs beside it: slots, threads, lanes, order, population."""

import pytest

from fastheur import evaluate, evaluate_many
from fastheur.loading import policy_from_source
from fastheur.resources import POLICIES
from fastheur.score import Scorecard

CAP = 250

BATCH = """import numpy as np
OBS = 'any'
class Policy:
    def __init__(self, spec, params, random):
        self.n, self.random = spec.action.n, random
    def reset(self, slots):
        pass
    def act(self, obs, info, slots):
        return (self.random.uniform(slots) * self.n).astype(np.int64)
"""


def outcome(card: Scorecard):
    return [(e.index, e.ret, e.length, e.action_hash) for e in card.episodes]


@pytest.mark.parametrize("mode", ["ram", "native"])
def test_atari_episodes_are_identical_for_1_7_and_64_slots_1_and_2_threads_alone_and_in_a_population(
    mode, random_kernel
):
    settings = {"obs": mode, "protocol": "robust", "episodes": 8, "max_steps": CAP}
    alone = evaluate(random_kernel, "atari/breakout", slots=1, threads=1, **settings)
    assert len({episode.action_hash for episode in alone.episodes}) == 8
    for slots, threads in [(7, 2), (8, 1)]:
        assert outcome(evaluate(random_kernel, "atari/breakout", slots=slots, threads=threads, **settings)) == outcome(
            alone
        )
    rows = [{"n": n} for n in (1, 2, 3, 4, 4, 3, 2, 1)]
    crowd = evaluate_many(random_kernel, "atari/breakout", rows, slots=64, **settings)
    assert outcome(crowd[3]) == outcome(crowd[4]) == outcome(alone)
    assert outcome(crowd[0]) != outcome(alone)


def test_continuous_episodes_are_identical_for_any_slots_and_threads():
    gait = policy_from_source(
        "import math\nOBS = 'state'\ndef act(obs, info, state, params, action):\n"
        "    for j in range(6):\n        action[j] = 0.9 * math.sin(0.5 * info.elapsed + j + 0.1 * obs[j])\n",
        "gait",
    )
    settings = {"episodes": 64, "max_steps": 60}
    cards = [
        evaluate(gait, "mujoco/half_cheetah", slots=s, threads=t, **settings)
        for s, t in [(1, 1), (7, 2), (64, 1), (64, 2)]
    ]
    assert all(outcome(card) == outcome(cards[0]) for card in cards)


def test_different_policies_share_a_pool_without_touching_each_other(random_kernel):
    batch = policy_from_source(BATCH, "batch")
    settings = {"episodes": 6, "protocol": "default"}
    both = evaluate_many(
        [random_kernel, batch, random_kernel], "CartPole-v1", [{"n": 2}, {}, {"n": 1}], slots=5, **settings
    )
    assert outcome(both[0]) == outcome(evaluate(random_kernel, "CartPole-v1", params={"n": 2}, **settings))
    assert outcome(both[1]) == outcome(evaluate(batch, "CartPole-v1", slots=2, **settings))
    assert outcome(both[2]) == outcome(evaluate(random_kernel, "CartPole-v1", params={"n": 1}, **settings))


def test_the_shipped_random_policy_is_slot_invariant():
    for env in ("CartPole-v1", "Pendulum-v1"):
        one, many = (evaluate(POLICIES / "random.py", env, episodes=6, slots=slots) for slots in (1, 6))
        assert outcome(one) == outcome(many)


def test_splits_give_different_episodes(random_kernel):
    train, validation = (
        evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=5, split=split)
        for split in ("train", "validation")
    )
    assert outcome(train) != outcome(validation)


def test_two_sealed_reads_are_different_episodes_and_can_be_checked(tmp_path, random_kernel):
    from fastheur.seeds import commitment

    settings = {"params": {"n": 2}, "episodes": 5, "split": "sealed", "ledger": tmp_path / "ledger.db"}
    one, two = (evaluate(random_kernel, "CartPole-v1", **settings) for _ in range(2))
    more = evaluate(random_kernel, "CartPole-v1", first=5, secret=one.sealed_secret, **settings)
    assert len(one.merge(more).episodes) == 10
    assert outcome(one) != outcome(two)
    assert commitment(one.sealed_secret) == one.setting.sealed_commitment


def test_merged_parts_are_exactly_the_whole(random_kernel):
    def part(first, episodes, **settings):
        return evaluate(random_kernel, "CartPole-v1", params={"n": 2}, first=first, episodes=episodes, **settings)

    whole, merged = part(0, 20, slots=20), part(12, 8, slots=3).merge(part(0, 12, slots=5))
    assert merged.episodes == whole.episodes
    different = {key for key, value in merged.to_dict().items() if value != whole.to_dict()[key]}
    assert different <= {"wall_s", "setup_s", "steps_per_s", "slots", "threads"}
