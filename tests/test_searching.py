"""Proposals are a pure function of space, history and seed: new rows only, inside the space, and better than chance."""

import json
import math
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastheur.errors import ConfigError
from fastheur.policy import Param
from fastheur.searching import SAMPLERS, halving, make_space, propose, ranking

PARAMS = {
    "gain": Param(0.5, 0.0, 2.0),
    "frames": Param(10, 0, 40),
    "switch": Param(0, choices=(0, 1)),
    "scale": Param(1.0, choices=(0.1, 1.0, 10.0)),
}

_number = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
_floats = st.tuples(_number, _number, _number).map(sorted).map(lambda v: Param(v[1], v[0], v[2]))
_wholes = st.tuples(*[st.integers(-500, 500)] * 3).map(sorted).map(lambda v: Param(v[1], v[0], v[2]))
_choices = st.lists(st.integers(-9, 9), min_size=1, unique=True).map(lambda v: Param(v[0], choices=tuple(v)))
_params = st.dictionaries(st.sampled_from("abcdef"), st.one_of(_floats, _wholes, _choices), min_size=1)


def score(row):
    """Best at gain 1.5, frames 30, with the switch on."""
    return 5.0 * row["switch"] - abs(row["gain"] - 1.5) - abs(row["frames"] - 30) / 20


def searched(space, generations, count, seed, sampler="tpe", history=()):
    """The history after some generations more."""
    history = list(history)
    for _ in range(generations):
        history += [(row, score(row)) for row in propose(space, history, count, seed, sampler)]
    return history


@settings(max_examples=40, deadline=None)
@given(_params, st.sampled_from(SAMPLERS), st.integers(0, 1000), st.integers(1, 9), st.data())
def test_every_proposal_is_legal_new_and_repeatable(params, sampler, seed, count, data):
    space, history = make_space(params), []
    for _ in range(3):
        rows = propose(space, history, count, seed, sampler)
        assert rows == propose(space, list(history), count, seed, sampler) and len(rows) <= count
        for row in rows:
            assert list(row) == list(params)
            assert all(params[name].problem(value) is None for name, value in row.items())
            assert all(isinstance(value, int) == (params[name].dtype.kind == "i") for name, value in row.items())
        scores = data.draw(st.lists(st.one_of(st.none(), _number), min_size=len(rows), max_size=len(rows)))
        history += zip(rows, scores, strict=True)
    keys = [space.key(row) for row, _ in history]
    assert len(set(keys)) == len(keys)
    assert not keys or history[0][0] == {name: param.default for name, param in params.items()}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_search_that_was_stopped_goes_on_as_it_would_have_done(sampler):
    space = make_space(PARAMS)
    undisturbed = searched(space, 4, 6, 7, sampler)
    kept = json.loads(json.dumps(searched(space, 2, 6, 7, sampler)))
    assert searched(space, 2, 6, 7, sampler, [tuple(one) for one in kept])[12:] == undisturbed[12:]
    assert searched(space, 4, 6, 8, sampler) != undisturbed


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_another_process_proposes_the_same(sampler):
    space = make_space(PARAMS)
    history = searched(space, 2, 6, 3, sampler)
    program = (
        "import json, sys\nfrom fastheur.policy import Param\nfrom fastheur.searching import make_space, propose\n"
        f"rows = propose(make_space({PARAMS!r}), json.loads(sys.stdin.read()), 6, 3, {sampler!r})\n"
        "print(json.dumps(rows))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(history), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == propose(space, history, 6, 3, sampler)
    assert done.stderr == ""  # Optuna says nothing


def test_the_first_generation_is_the_defaults_and_an_even_spread():
    rows = propose(make_space(PARAMS), [], 9, 0)
    assert rows[0] == {"gain": 0.5, "frames": 10, "switch": 0, "scale": 1.0}
    assert sorted(math.floor(row["gain"] / 0.25 - 1e-9) for row in rows[1:]) == list(range(8))
    assert sorted(row["switch"] for row in rows[1:]) == [0] * 4 + [1] * 4


def test_defaults_that_were_tried_before_the_search_are_not_tried_again():
    space = make_space(PARAMS)
    start = {"gain": 0.5, "frames": 10, "switch": 0, "scale": 1.0}
    rows = propose(space, [(start, 394.0)], 8, 0)
    assert start not in rows and sorted(row["switch"] for row in rows) == [0] * 4 + [1] * 4


def test_tpe_finds_better_rows_than_chance():
    space = make_space(PARAMS)
    best = {
        sampler: [max(score for _, score in searched(space, 5, 8, seed, sampler)) for seed in range(6)]
        for sampler in SAMPLERS
    }
    assert sum(best["tpe"]) / 6 > sum(best["random"]) / 6 + 0.05


def test_a_space_is_used_up_to_its_last_row_and_then_gives_none():
    space = make_space({"a": Param(0, 0, 4), "b": Param(0, choices=(0, 1)), "c": Param(2.0, 2.0, 2.0)})
    history = []
    while rows := propose(space, history, 4, 1):
        history += [(row, float(row["a"])) for row in rows]
    assert sorted((row["a"], row["b"]) for row, _ in history) == [(a, b) for a in range(5) for b in (0, 1)]


def test_rows_without_a_score_and_rows_outside_the_space_are_remembered_but_teach_nothing():
    space = make_space(PARAMS, {"gain": [0.0, 1.0]})
    known = [({"gain": gain}, gain) for gain in (0.1, 0.4, 0.8, 0.9)]
    strange = [*known, ({"gain": 1.9}, 1e9), ({"gain": 0.5}, None)]
    rows = propose(space, strange, 8, 0)
    assert propose(space, strange[4:], 2, 0)  # with nothing to learn from
    assert len(rows) == 8 and all(0 <= row["gain"] <= 1 and row["gain"] != 0.5 for row in rows)


def test_floats_are_rounded_to_what_can_be_told_apart():
    rows = propose(make_space({"a": Param(0.123456, 0.0, 4.0), "b": Param(0.001, 0.0005, 0.002)}), [], 20, 0)
    assert rows[0] == {"a": 0.123456, "b": 0.001}
    for row in rows[1:]:
        assert row["a"] == round(row["a"], 3) and row["b"] == round(row["b"], 6)


def test_rows_have_the_declared_kind_of_number_whatever_the_bounds_are_written_as():
    space = make_space({"a": Param(3, 0.5, 8.5), "b": Param(1.0, 0, 2), "c": Param(0, choices=(0, 0.5))})
    for row in propose(space, [], 12, 0):
        assert [type(value) for value in row.values()] == [int, float, float] and 1 <= row["a"] <= 8


def test_the_wanted_space_narrows_the_declared_one_and_leaves_the_others_alone():
    space = make_space(PARAMS, {"frames": [20, 30], "scale": {"choices": [10.0, 0.1]}})
    rows = propose(space, [], 12, 0)
    assert rows[0] == {"frames": 20, "scale": 0.1}  # what is nearest to the defaults
    assert all(20 <= row["frames"] <= 30 and row["scale"] in (0.1, 10.0) and len(row) == 2 for row in rows)


def test_parameters_without_bounds_are_searched_around_their_default_and_it_is_said():
    space = make_space({"a": Param(4.0), "b": Param(0, 0, math.inf), "c": Param(1, 0, 2)})
    assert [(axis.low, axis.high) for axis in space.axes] == [(0.0, 8.0), (0, 1), (0, 2)]
    assert space.remarks == (
        "a declares no bounds on both sides, and is searched from 0 to 8.",
        "b declares no bounds on both sides, and is searched from 0 to 1.",
    )


@pytest.mark.parametrize(
    "wanted, message",
    [
        ({"gian": [0, 1]}, "space names 'gian'.*Did you mean gain"),
        ({"gain": [0, 3]}, r"space.gain is 3, expected 0.0 .. 2.0"),
        ({"gain": [2, 1]}, "lower bound first"),
        ({"gain": [1]}, r"expected \[low, high\] or"),
        ({"gain": 1}, r"expected \[low, high\] or"),
        ({"gain": "01"}, r"expected \[low, high\] or"),
        ({"gain": {"options": [1]}}, r"expected \[low, high\] or"),
        ({"gain": {"choices": []}}, r"expected \[low, high\] or"),
        ({"frames": [0.5, 2]}, "space.frames is 0.5, expected a whole number"),
        ({"switch": [0, 1]}, r"expected \{choices"),
        ({"switch": {"choices": [0, 2]}}, "space.switch is 2, expected one of 0, 1"),
    ],
)
def test_a_space_that_does_not_fit_the_declaration_is_refused(wanted, message):
    with pytest.raises(ConfigError, match=message):
        make_space(PARAMS, wanted)


def test_a_policy_without_parameters_has_nothing_to_search():
    with pytest.raises(ConfigError, match="declares no PARAMS"):
        make_space({})


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([], 0, 0), "count is 0"),
        (([], 1, -1), "seed is -1"),
        (([], 1, 0, "grid"), "sampler is 'grid', expected one of tpe, random"),
        (([({"gain": 1.0}, math.nan)], 1, 0), "is nan, expected a finite number"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        propose(make_space(PARAMS), *arguments)


def test_the_ranking_leaves_failures_out_and_keeps_the_earlier_of_equals_first():
    assert ranking([({}, 1.0), ({}, None), ({}, 3.0), ({}, 1.0), ({}, 3.0)]) == [2, 4, 0, 3]
    assert ranking([({}, None)]) == []


@given(st.integers(2, 200), st.integers(2, 500))
def test_halving_starts_with_all_rows_ends_with_all_episodes_and_costs_less_than_playing_everything(rows, episodes):
    rounds = halving(rows, episodes)
    assert rounds[0][0] == rows and rounds[-1][0] == 2 and rounds[-1][1] == episodes
    for (more, few), (less, many) in pairwise(rounds):
        assert less <= more / 2 + 1 and few < many
    played = sum(left * (end - before) for (left, end), (_, before) in zip(rounds, [(0, 0), *rounds], strict=False))
    assert played <= rows * episodes and (rows < 8 or episodes < 8 or played < rows * episodes / 2 + rows)


def test_halving_doubles_the_episodes_of_the_better_half():
    assert halving(16, 32) == [(16, 4), (8, 8), (4, 16), (2, 32)]
    assert halving(1, 5) == [(1, 5)]
    assert halving(16, 2) == [(16, 1), (2, 2)]
