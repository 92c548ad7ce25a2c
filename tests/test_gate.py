"""The promotion gate: errs as rarely as it says, sees what is there, and tells why."""

import numpy as np
import pytest

from fastheur.errors import ConfigError
from fastheur.gate import MARGIN, Gate

GATE = Gate(deterministic=False, most=64, error=0.1)


def played(seed, shift=0.0, own=1.0, most=64):
    """Returns of a candidate and a champion that share each episode's difficulty."""
    rng = np.random.default_rng(seed)
    difficulty = 5 * rng.normal(size=most)
    return difficulty + own * rng.laplace(size=most) + shift, difficulty + own * rng.laplace(size=most)


def judged(candidate, champion, simpler=False, same=False, gate=GATE):
    """Play the gate's stages over given returns until there is a verdict."""
    end = gate.next_end()
    while end is not None:
        verdict = gate.verdict(candidate[:end], champion[:end], simpler, same)
        if verdict is not None:
            return verdict
        end = gate.next_end(end)
    raise AssertionError("no verdict after all episodes")


def test_what_is_no_better_is_promoted_at_most_as_often_as_stated():
    runs = 400
    promoted = sum(judged(*played(seed)).promoted for seed in range(runs))
    assert 0 < promoted <= runs * GATE.error


def test_what_is_clearly_better_is_promoted_early_and_what_is_clearly_worse_rejected_early():
    better = [judged(*played(seed, shift=2.0)) for seed in range(60)]
    assert np.mean([verdict.promoted for verdict in better]) > 0.95
    assert np.mean([verdict.episodes for verdict in better]) < 32
    worse = [judged(*played(seed, shift=-2.0)) for seed in range(60)]
    assert not any(verdict.promoted for verdict in worse)
    assert np.mean([verdict.episodes for verdict in worse]) < 10
    assert "hopeless" in worse[0].reason


def test_giving_up_early_costs_little_power():
    moderate = [judged(*played(seed, shift=1.0)).promoted for seed in range(100)]
    assert np.mean(moderate) > 0.75


@pytest.mark.parametrize(
    "candidate, simpler, promoted, words",
    [
        (5, False, True, "higher"),
        (4, True, True, "simpler"),
        (4, False, False, "not simpler"),
        (3, True, False, "lower"),
    ],
)
def test_one_deterministic_episode_decides(candidate, simpler, promoted, words):
    gate = Gate(deterministic=True, most=64)
    assert gate.next_end() == 1 and gate.next_end(1) is None
    verdict = gate.verdict([candidate], [4], simpler)
    assert verdict.promoted == promoted and words in verdict.reason and verdict.interval is None


def test_a_simpler_version_that_acts_alike_wins_at_the_first_look_and_no_sooner():
    _, champion = played(1)
    verdict = judged(champion, champion, simpler=True, same=True)
    assert verdict.promoted and verdict.episodes == GATE.stages.looks[0] == 8
    assert "same actions" in verdict.reason


def test_a_simpler_version_that_loses_more_than_the_margin_is_promoted_at_most_as_often_as_stated():
    runs, promoted = 200, 0
    for seed in range(runs):
        _, champion = played(seed)
        noise = np.random.default_rng(seed + 10_000).laplace(size=64)
        promoted += judged(champion - MARGIN * champion.std(ddof=1) + noise, champion, simpler=True).promoted
    assert promoted <= runs * GATE.error


def test_a_simpler_version_that_is_as_good_and_nearly_the_same_replaces_the_champion():
    promoted = 0
    for seed in range(40):
        _, champion = played(seed)
        noise = 0.5 * np.random.default_rng(seed + 10_000).laplace(size=64)
        promoted += judged(champion + noise, champion, simpler=True).promoted
    assert promoted >= 12  # half of them have a mean below the champion's, and that is asked for too


def test_a_rare_disaster_of_a_simpler_version_is_not_overlooked_after_few_episodes():
    champion = np.full(64, 21.0)
    rare = champion.copy()
    rare[40] = -21.0
    verdict = judged(rare, champion, simpler=True)
    assert not verdict.promoted and verdict.episodes == 64 and "below the champion's" in verdict.reason
    assert judged(champion, champion, simpler=True).promoted


def test_a_candidate_that_never_differs_is_given_up_before_all_episodes_are_played():
    verdict = judged(np.ones(64), np.ones(64))
    assert not verdict.promoted and 8 < verdict.episodes < 64


def test_a_verdict_says_its_numbers():
    verdict = judged(*played(3, shift=2.0))
    assert verdict.promoted and verdict.p <= GATE.stages.level and verdict.looks == len(GATE.stages.looks)
    for words in (
        f"{verdict.difference:+.4g}",
        "95 % interval",
        f"{verdict.episodes} paired",
        "error 0.1 over 4 looks",
    ):
        assert words in verdict.reason
    assert verdict == judged(*played(3, shift=2.0))


def test_impossible_settings_and_unpaired_returns_are_refused():
    with pytest.raises(ConfigError, match="at least 5"):
        Gate(deterministic=False, most=4)
    assert Gate(deterministic=False, most=5).stages.looks
    with pytest.raises(ConfigError, match="error is 2"):
        Gate(deterministic=False, most=64, error=2)
    with pytest.raises(ConfigError, match="most is 0"):
        Gate(deterministic=True, most=0)
    with pytest.raises(ValueError, match="4, 8, 16, 32, 64"):
        GATE.verdict([1.0] * 5, [1.0] * 5, False)
    with pytest.raises(ValueError, match="of the champion"):
        GATE.verdict([1.0] * 4, [1.0] * 8, False)
