"""Scorecards say what was measured, no more: exact merging, honest intervals, nulls for what is unknown."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastheur.rollout import Episode
from fastheur.score import Cost, Scorecard, Setting, bootstrap_interval, iqm

SETTING = Setting("Pong-v5", "ram", "robust", "train", {}, False, "p.py", "0" * 64, {})


def card(returns, setting=SETTING, first=0, complete=True, random=False, alike=False):
    episodes = tuple(
        Episode(
            0, first + k, float(r), 10, True, 0, 3, max(r, 0), min(r, 0), float(r), f"{0 if alike else k:016x}", random
        )
        for k, r in enumerate(returns)
    )
    return Scorecard(setting, episodes, Cost(10 * len(returns), 1.0, 0.5, 4, 2), complete)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60), st.data())
def test_merging_any_two_parts_gives_the_card_of_the_whole(returns, data):
    cut = data.draw(st.integers(1, len(returns) - 1))
    whole = card(returns)
    parts = [card(returns[:cut]), card(returns[cut:], first=cut)]
    hashes = [e.action_hash for e in whole.episodes]
    parts[1] = Scorecard(
        SETTING,
        tuple(
            Episode(**{**e.__dict__, "action_hash": h}) for e, h in zip(parts[1].episodes, hashes[cut:], strict=True)
        ),
        parts[1].cost,
    )
    for merged in (parts[0].merge(parts[1]), parts[1].merge(parts[0])):
        assert merged.episodes == whole.episodes
        assert (merged.mean, merged.interval, merged.cost.env_steps) == (
            whole.mean,
            whole.interval,
            whole.cost.env_steps,
        )


def test_cards_that_do_not_belong_together_are_not_merged():
    with pytest.raises(ValueError, match="differ in split"):
        card([1, 2]).merge(card([3], Setting(**{**SETTING.__dict__, "split": "validation"}), first=2))
    with pytest.raises(ValueError, match="are in both"):
        card([1, 2]).merge(card([3], first=1))
    warm = Setting(**{**SETTING.__dict__, "warm": True})
    with pytest.raises(ValueError, match="screening"):
        card([1], warm).merge(card([2], warm, first=1))


def test_iqm_is_the_mean_of_the_middle_half():
    assert iqm([0, 1, 2, 3, 4, 5, 6, 100]) == np.mean([2, 3, 4, 5])
    assert iqm([7]) == 7
    assert iqm([1, 2, 3]) == 2


def test_the_interval_is_seeded_ignores_the_order_and_covers_the_mean():
    values = np.random.default_rng(3).normal(5, 2, 40)
    low, high = bootstrap_interval(values)
    assert bootstrap_interval(values[::-1]) == (low, high)
    assert low < values.mean() < high
    assert 0.8 < (high - low) / (2 * 1.96 * values.std() / np.sqrt(40)) < 1.2


def test_the_interval_keeps_its_promise_about_95_times_in_100():
    rng = np.random.default_rng(0)
    hits = sum(low < 0 < high for low, high in (bootstrap_interval(rng.normal(0, 1, 50)) for _ in range(200)))
    assert 180 <= hits <= 198


def test_a_deterministic_protocol_has_no_interval_and_says_why():
    deterministic = Setting(**{**SETTING.__dict__, "protocol": "weng2026", "deterministic": True})
    exact = card([21, 21, 21], deterministic, alike=True)
    assert exact.whole_population and exact.interval is None and exact.standard_error is None
    assert "one episode is the whole population" in exact.spread
    assert exact.to_dict()["ci_low"] is None


def test_a_policy_that_draws_numbers_is_not_deterministic_whatever_the_protocol():
    deterministic = Setting(**{**SETTING.__dict__, "protocol": "weng2026", "deterministic": True})
    assert not card([20, 21], deterministic, random=True).whole_population


def test_different_episodes_are_never_called_one_population():
    deterministic = Setting(**{**SETTING.__dict__, "protocol": "weng2026", "deterministic": True})
    assert not card([20, 21], deterministic).whole_population


def test_an_incomplete_card_has_no_score():
    part = card([1, 2, 3], complete=False)
    record = part.to_dict()
    assert part.mean is None and part.interval is None
    assert all(
        record[key] is None for key in ("score_mean", "score_min", "score_max", "score_iqm", "hns_mean", "ci_low")
    )
    assert record["returns"] == [1, 2, 3]


def test_the_json_has_the_promised_fields_and_no_nan():
    record = card([20, 21, 19]).to_dict()
    promised = (
        "env_id obs_mode protocol split episodes score_mean score_min score_max score_iqm ci_low ci_high hns_mean returns "
        "lengths action_hashes env_steps wall_s steps_per_s slots threads policy_sha256"
    )
    assert set(promised.split()) <= set(record)
    json.dumps(record, allow_nan=False)
    assert record["hns_mean"] == pytest.approx((20 - -20.7) / (14.6 - -20.7))
