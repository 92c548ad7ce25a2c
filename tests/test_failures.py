"""The failure report names what went wrong, most useful first, within its bound, and the same for equal records."""

import random

import pytest

from fastheur.clusters import find_clusters
from fastheur.failures import report
from fastheur.record import EpisodeRecord, Moment, Sight
from fastheur.wording import CHARACTERS_PER_TOKEN

MEANINGS = ("NOOP", "FIRE", "RIGHT", "LEFT")


def sights(count, seed=0):
    """Ordinary steps: x and y anywhere."""
    draw = random.Random(seed)
    places = [(0, 0), (200, 200), *((draw.randrange(201), draw.randrange(201)) for _ in range(count))]
    return tuple(Sight({"x": x, "y": y, "mode": 1}) for x, y in places)


def episode(index, xs, ret=10.0, **changes):
    """An episode that lost a life at y near 195 for each of ``xs``."""
    moments = tuple(
        Moment("life", 100 * (place + 1), float(place), 4 - place, Sight({"x": x, "y": 190 + place, "mode": 1}))
        for place, x in enumerate(xs)
    )
    settings = {
        "length": 1000, "end": "game over", "moments": moments, "lost": len(moments), "rewards": ((10, 1.0),),
        "rewarded": 10, "stretch": (100, 300), "counts": (500, 0, 400, 100), "curve": ((500, 5.0), (1000, ret)),
        "samples": sights(8, index), **changes,
    }  # fmt: skip
    return EpisodeRecord(0, index, ret, **settings)


DEATHS = [episode(0, [150, 160, 20]), episode(1, [166, 155, 70]), episode(2, [158, 163, 110, 152, 161])]


def test_deaths_at_one_place_are_named_with_the_fields_that_set_them_apart():
    text = report(DEATHS, meanings=MEANINGS)
    assert "Lives lost: 11, first at step 100" in text
    assert "- all 11: state.y 190..194" in text
    assert "- 8 of 11: state.x 150..166" in text
    assert "mode" not in text  # what never changes tells nothing


def test_deaths_all_over_the_place_form_no_cluster():
    draw = random.Random(1)
    moments = [{"x": float(draw.randrange(200)), "y": float(draw.randrange(200))} for _ in range(30)]
    samples = [{"x": float(draw.randrange(200)), "y": float(draw.randrange(200))} for _ in range(60)]
    assert find_clusters(moments, samples) == ((), [])


def test_an_interval_that_ordinary_steps_fill_as_well_is_not_telling():
    moments = [{"flag": 0.0, "x": 10.0 * k} for k in range(10)]
    samples = [{"flag": 0.0 if k else 255.0, "x": 7.0 * k} for k in range(15)]
    assert find_clusters(moments, samples) == ((), [])


def test_bytes_are_named_where_the_policy_keeps_nothing():
    def ram(x, y):
        return Sight(ram=bytes([7, x, y, 7]).hex())

    draw = random.Random(2)
    samples = (ram(0, 0), ram(200, 200), *(ram(draw.randrange(200), draw.randrange(200)) for _ in range(20)))
    moments = tuple(Moment("life", 9, 0.0, 1, ram(draw.randrange(200), 190 + k % 2)) for k in range(8))
    text = report([episode(0, [], moments=moments, lost=8, samples=samples)], meanings=MEANINGS)
    assert "- all 8: RAM 2 190..191" in text and "RAM 0" not in text


def test_the_episodes_lost_to_the_champion_are_named_worst_first():
    mine = [episode(0, [5], 10.0), episode(1, [5], 50.0), episode(2, [5], 30.0)]
    expected = (
        "Against the champion: 1 won, 2 lost, 0 equal. Lost most: episode 2: 30 against 90; episode 0: 10 against 12."
    )
    assert expected in report(mine, meanings=MEANINGS, champion=[12.0, 40.0, 90.0])
    records = [episode(2, [5], 90.0), episode(0, [5], 12.0), episode(1, [5], 40.0)]
    assert expected in report(mine, meanings=MEANINGS, champion=records)
    assert "champion" not in report(mine, meanings=MEANINGS)


def test_stalls_unused_actions_and_falls_are_told():
    stalled = episode(3, [5], stretch=(200, 800), drop=(40, 90, 17.0))
    text = report([*DEATHS, stalled], meanings=MEANINGS)
    assert "Longest stretch without reward: 800 steps, in episode 3 from step 200 to the end of the episode." in text
    assert "Stalled for their last quarter or more: 1 of 4 episodes: 3 (score 10 since step 200)" in text
    assert "Actions never used: FIRE." in text
    assert "Worst fall of the return: 17, in episode 3 from step 40 to 90." in text
    assert text.startswith("4 episodes: mean return 10 (lowest 10, highest 10)")


def test_continuous_actions_show_their_ranges_and_what_never_moved():
    still = episode(0, [], counts=(), dimensions=((-1.0, 0.1, 1.0), (0.25, 0.25, 0.25)), end="cap")
    text = report([still], meanings=())
    assert "[0] -1..1 mean 0.1" in text and "Action entries that never changed: 1." in text
    assert "ended by: 1 cap" in text and "Lives" not in text


@pytest.mark.parametrize("most_tokens", [60, 120, 200, 700])
def test_the_report_keeps_its_bound_in_whole_lines_and_says_what_it_left_out(most_tokens):
    whole = report(DEATHS, meanings=MEANINGS, most_tokens=10_000).split("\n")
    text = report(DEATHS, meanings=MEANINGS, most_tokens=most_tokens)
    assert len(text) <= most_tokens * CHARACTERS_PER_TOKEN
    *lines, last = text.split("\n")
    if [*lines, last] != whole:
        assert lines == whole[: len(lines)] and last == f"({len(whole) - len(lines)} more lines left out)"
    else:
        assert most_tokens >= 200


def test_equal_records_give_equal_text():
    again = [EpisodeRecord.from_dict(record.to_dict()) for record in DEATHS]
    assert report(again, meanings=MEANINGS) == report(DEATHS, meanings=MEANINGS)


def test_no_episode_is_no_failure():
    assert report([], meanings=MEANINGS) == "No episode has finished."
