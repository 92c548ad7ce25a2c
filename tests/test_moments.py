"""Highlights: the moments of an episode that matter, whatever its rewards are like."""

import numpy as np
import pytest

from fastheur.replaying.moments import Highlight, StepRow, find_moments


def rows_of(rewards, lives=None):
    scores = np.cumsum(rewards)
    lives = np.zeros(len(rewards), int) if lives is None else lives
    columns = range(len(rewards)), map(float, rewards), scores.tolist(), map(int, lives)
    return [StepRow(*row) for row in zip(*columns, strict=True)]


def rewards_at(length, **at):
    rewards = np.zeros(length)
    for step, reward in at.items():
        rewards[int(step[1:])] = reward
    return rewards


def of_kind(found, kind):
    return [one.step for one in found if one.kind == kind]


def test_a_moment_before_each_life_lost_is_shown_and_never_one_before_the_life_before():
    lives = 5 - np.searchsorted([100, 110, 400], np.arange(500), side="right")
    found = find_moments(rows_of(np.zeros(500), lives))
    assert of_kind(found, "death") == [60, 100, 360]
    assert "before losing a life, 4 left" in {one.text for one in found}
    slow = find_moments(rows_of(np.zeros(500), lives), frames_per_s=15)
    assert of_kind(slow, "death") == [90, 100, 390]


def test_rare_negative_rewards_are_losses_where_there_are_no_lives():
    found = find_moments(rows_of(rewards_at(900, s300=-1, s600=1, s700=-1)))
    assert of_kind(found, "death") == [260, 660] and "before -1" in {one.text for one in found}
    many = np.where(np.arange(900) % 20 == 19, -1.0, 0.0)
    assert not of_kind(find_moments(rows_of(many)), "death")


def test_the_ends_of_the_longest_stretches_without_reward_are_shown():
    found = find_moments(rows_of(rewards_at(1000, s50=1, s100=1, s600=1, s640=1)))
    assert of_kind(found, "stall") == [49, 99, 599] and "after 499 steps without reward" in {one.text for one in found}
    assert not of_kind(find_moments(rows_of(np.where(np.arange(1000) % 10, 0, 1))), "stall")


def test_a_reward_far_above_the_usual_ones_is_a_jump():
    rewards = np.where(np.arange(1000) % 20, 0.0, 1.0)
    rewards[[300, 620]] = 50, 200
    found = find_moments(rows_of(rewards))
    assert of_kind(found, "jump") == [300, 620] and "+200, score 280" in {one.text for one in found}


def test_where_no_reward_stands_out_the_steepest_climb_is_a_jump():
    rewards = np.zeros(2000)
    rewards[[100, 700, 1500]] = 1
    rewards[1000:1090:10] = 1
    found = find_moments(rows_of(rewards))
    [step] = of_kind(found, "jump")
    assert 1080 <= step <= 1099
    assert not of_kind(find_moments(rows_of(rewards_at(2000, s100=1, s900=1))), "jump")


def test_dense_rewards_show_the_steepest_climbs_and_the_slowest_stretches():
    rewards = np.full(1000, 2.0) + np.sin(np.arange(1000))
    rewards[200:250], rewards[700:750] = 9, -3
    found = find_moments(rows_of(rewards), ending="fell")
    assert 249 in of_kind(found, "jump") and 749 in of_kind(found, "stall") and not of_kind(found, "death")
    assert found[-1].text.startswith("fell, score ") and len(found) <= 12


@pytest.mark.parametrize("length", [2, 9, 500])
def test_the_same_reward_for_every_step_makes_no_step_a_moment(length):
    found = find_moments(rows_of([0.0, *[0.1] * length]))
    assert [one.kind for one in found] == ["start", "end"]


def test_captions_count_one_step_as_one():
    texts = [one.text for one in find_moments(rows_of([0.0, 0.9, 0.8, 0.7, 0.3]))]
    assert "slowest, +0.3 within 1 step" in texts or any(" within 1 step," in text for text in texts)
    assert not any("1 steps" in text for text in texts)


def test_an_episode_without_any_reward_has_a_start_and_an_end():
    assert find_moments(rows_of(np.zeros(300))) == [
        Highlight(0, "start", "start"), Highlight(299, "end", "end, score 0"),
    ]  # fmt: skip


def test_the_shortest_episodes_have_moments_too():
    assert find_moments([]) == [] and find_moments(rows_of([0.0]), most=0) == []
    assert find_moments(rows_of([3.5])) == [Highlight(0, "end", "end, score 3.5")]
    assert [one.step for one in find_moments(rows_of([0.0, -1.0], [1, 0]))] == [0, 1]
    assert [one.kind for one in find_moments(rows_of([0.0, 1.0]), most=1)] == ["end"]


def test_every_kind_gets_its_turn_when_there_are_more_than_fit():
    random = np.random.default_rng(0)
    rewards = np.zeros(27_001)
    rewards[random.choice(27_000, 400, replace=False) + 1] = 1
    rewards[[5000, 9000, 20_000, 26_000, 12_000, 15_000]] = 30
    rewards[21_000:24_000] = 0
    lives = 20 - np.searchsorted(np.sort(random.choice(27_000, 15, replace=False)), np.arange(27_001), side="right")
    found = find_moments(rows_of(rewards, lives))
    kinds = [one.kind for one in found]
    assert len(found) == 12 and kinds.count("death") >= 3 and kinds.count("jump") >= 3 and "stall" in kinds


@pytest.mark.parametrize("seed", range(150))
def test_whatever_an_episode_is_like_its_moments_are_rows_of_it_in_order_and_few(seed):
    random = np.random.default_rng(seed)
    length = int(random.choice([1, 2, 3, 10, 50, 400, 3000]))
    rewards = random.normal(random.choice([0, 3]), 1, length) * 10.0 ** random.integers(-6, 7)
    if seed % 3:
        rewards *= random.random(length) < random.choice([0.0, 0.001, 0.05, 0.5])
    if seed % 7 == 0:
        rewards[random.integers(length)] = np.nan
    lives = np.sort(random.integers(0, 5, length))[::-1] if seed % 2 else np.zeros(length, int)
    first = int(random.integers(0, 100))
    rows = [row._replace(step=row.step + first) for row in rows_of(rewards, lives)]
    most = int(random.integers(1, 15))
    found = find_moments(rows, most, frames_per_s=float(random.choice([8.5, 60, 125])))
    steps = [one.step for one in found]
    assert steps == sorted(set(steps)) and set(steps) <= {row.step for row in rows} and 1 <= len(found) <= most
    assert found[-1].kind == "end" and steps[-1] == rows[-1].step
    assert most == 1 or length == 1 or (found[0].kind, steps[0]) == ("start", rows[0].step)
    assert all(one.text and len(one.text) < 80 for one in found)
