"""Golden cases: floors a good policy keeps, the important ones first, and a matrix that tells what was forgotten."""

import json

import numpy as np
import pytest

from fastheur.errors import ConfigError
from fastheur.forgetting import Matrix, Version
from fastheur.regress import FALSE_LOSS, GoldenCase, floor_for, from_json, judge, to_json, within


def case(name, floor=10.0, version=1, by="auto"):
    return GoldenCase(name, "robust", 3, floor, floor + 5, version, by)


@pytest.mark.parametrize("episodes", [8, 64, 200])
@pytest.mark.parametrize("kind", ["normal", "laplace", "exponential"])
def test_an_equally_good_version_hardly_ever_falls_under_a_floor(episodes, kind):
    draw = getattr(np.random.default_rng(5), kind)
    runs = 2000
    floors = [floor_for(one[0], one) for one in draw(size=(runs, episodes)) - 3]
    fallen = np.mean(draw(size=runs) - 3 < floors)
    assert fallen <= 1.5 * FALSE_LOSS * (2 if episodes == 8 else 1)  # the deviation of 8 returns is a guess


def test_a_floor_still_tells_a_policy_that_forgot_everything():
    good = np.random.default_rng(1).normal(800, 40, 64)
    assert 600 < floor_for(850.0, good) < 760


@pytest.mark.parametrize("returns", [[-21.0, -18.0, -20.0], [-5.0, 3.0], list(range(-300, -100))])
def test_a_floor_is_never_above_the_outcome_and_takes_negative_returns(returns):
    assert all(floor_for(outcome, returns) <= outcome for outcome in (*returns, -1000.0))


def test_a_deterministic_outcome_is_to_be_kept_exactly():
    assert floor_for(864.0, [864.0]) == floor_for(864.0, [864.0] * 5) == 864.0
    with pytest.raises(ValueError, match="at least one return"):
        floor_for(864.0, [])


def test_what_was_lost_before_runs_first_then_the_agents_own_then_the_newest():
    cases = [case("old"), case("own", by="agent"), case("new", version=9), case("weak")]
    costs = dict.fromkeys(["old", "own", "new", "weak"], 100)
    everything = within(cases, costs, 1000, {"weak"})
    assert [one.name for one in everything.chosen] == ["weak", "own", "new", "old"]
    assert everything.env_steps == 400 and "Left out" not in everything.reason
    some = within(cases, {**costs, "own": 5000}, 250, {"weak"})
    assert [one.name for one in some.chosen] == ["weak", "new"] and some.env_steps <= 250
    assert "2 of 4 golden cases run" in some.reason and "own (5,000), old (100)" in some.reason


def test_a_lost_case_stops_a_version_unless_it_is_allowed_by_name():
    cases, outcomes = [case("a"), case("b"), case("c")], {"a": 10.0, "b": 9.5}
    found = judge(cases, outcomes)
    assert found.kept == ("a",) and found.lost == ("b",) and not found.passed
    assert "b (9.5 under its floor 10)" in found.reason
    allowed = judge(cases, outcomes, ["b"])
    assert allowed.passed and allowed.allowed == ("b",) and "lost as allowed: b" in allowed.reason
    with pytest.raises(ConfigError, match="'d'"):
        judge(cases, outcomes, ["d"])


def test_golden_json_reads_back_as_it_was_written():
    cases = (case("a"), GoldenCase("b", "default", 7, -21.5, -20.0, 4, "agent", max_steps=900))
    assert from_json(to_json(cases)) == cases


@pytest.mark.parametrize(
    "change, words",
    [
        ({"floor": "high"}, "floor is 'high'"),
        ({"floor": 99.0}, "above the outcome"),
        ({"split": "sealed"}, "split is 'sealed'"),
        ({"extra": 1}, "expected name, protocol"),
    ],
)
def test_a_damaged_golden_json_is_refused_with_the_entry_named(change, words):
    data = json.loads(to_json([case("a")]))
    data["cases"][0] |= change
    with pytest.raises(ConfigError, match=f"case 1.*{words}"):
        from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["", "[]", '{"cases": 3}'])
def test_what_is_no_golden_json_is_refused(text):
    with pytest.raises(ConfigError, match="list of golden cases"):
        from_json(text)


def test_two_cases_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="'a' twice"):
        from_json(to_json([case("a"), case("a")]))


VERSIONS = (
    Version(1, "start", None, True),
    Version(5, "serve later", 1, True),
    Version(6, "aim left", 5, False),
    Version(7, "drop the wait", 5, True),
    Version(9, "wait again", 7, True),
)
OUTCOMES = {
    (5, "a"): 12.0, (6, "a"): 3.0, (7, "a"): 4.0, (9, "a"): 15.0,
    (5, "b"): 11.0, (9, "b"): 10.0,
}  # fmt: skip
MATRIX = Matrix(VERSIONS, (case("a"), case("b")), OUTCOMES)


def test_the_matrix_tells_what_was_lost_and_regained_by_which_edit():
    text = MATRIX.text()
    assert "a: lost at v6 (not promoted) by edit 'aim left', lost at v7 by edit 'drop the wait', " in text
    assert "regained at v9 by edit 'wait again'" in text and "b: " not in text
    assert MATRIX.counts == {"kept": 3, "lost": 2, "still lost": 0, "regained": 1}
    assert MATRIX.ever_lost == {"a"}


def test_a_loss_counts_once_along_a_line_of_versions():
    matrix = Matrix(VERSIONS, (case("a"),), {(5, "a"): 1.0, (7, "a"): 2.0, (9, "a"): 3.0})
    assert matrix.counts == {"kept": 0, "lost": 1, "still lost": 2, "regained": 0}


def test_the_table_has_a_row_per_case_and_a_column_per_version_that_played():
    rows = [line.split() for line in MATRIX.text().splitlines()[:3]]
    assert rows == [
        ["case", "floor", "v5", "v6", "v7", "v9"],
        ["a", "10", "12", "3!", "4!", "15^"],
        ["b", "10", "11", ".", ".", "10"],
    ]
    assert "2 older versions are not shown" in MATRIX.text(most_columns=2)
    assert Matrix(VERSIONS, (case("a"),), {}).text() == "No golden case has been played yet."


def test_the_matrix_is_plain_json():
    data = json.loads(json.dumps(MATRIX.to_dict()))
    assert data["cases"][1]["outcomes"] == [None, 11.0, None, None, 10.0]
    assert data["cases"][0]["changes"] == [None, "kept", "lost", "lost", "regained"]
