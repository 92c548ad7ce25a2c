"""Complexity: what counts is the code, not how it is written, explained or tuned."""

import pytest

from fastheur.complexity import complexity

PLAIN = """
from fastheur.policy import Param
OBS = "ram"
PARAMS = {"lead": Param(0.5, 0.0, 1.0), "side": Param(default=1, choices=(0, 1))}
def act(obs, info, state, params):
    if obs[3] > 5 and params.side == 1:
        return 2
    return 0
"""


@pytest.mark.parametrize(
    "old, new",
    [
        ("def act", "# why\n\ndef act"),
        ("    if obs", '    """Say what to do."""\n    if obs'),
        ("obs[3] > 5 and params.side == 1", "(\n        obs[3] > 5  # below\n        and (params.side == 1)\n    )"),
        ("Param(0.5", "Param(-0.125"),
        ("default=1", "default=0"),
        ('OBS = "ram"', 'OBS = "ram"\nMARKS = {"ball": ("x - 48", None), "goal": (-8, 2.5, 4, 4)}'),
    ],
)
def test_comments_docstrings_formatting_and_tuned_defaults_and_marks_count_nothing(old, new):
    assert old in PLAIN
    assert complexity(PLAIN.replace(old, new)) == complexity(PLAIN)


@pytest.mark.parametrize(
    "marks, code",
    [
        ("MARKS = {'ball': (1, 2)}", "return MARKS['ball'][0]"),
        ("MARKS = {'ball': (max(1, 2), 2)}", "return 2"),
        ("TABLE = MARKS = {}", "return 2"),
    ],
)
def test_marks_that_do_more_than_mark_count(marks, code):
    plain = PLAIN.replace("return 2", code)
    assert complexity(marks + "\n" + plain).score > complexity(plain).score + 1


@pytest.mark.parametrize(
    "old, new", [(" and params.side == 1", ""), ("    if obs[3] > 5 and params.side == 1:\n        return 2\n", "")]
)
def test_less_code_is_simpler(old, new):
    less, more = complexity(PLAIN.replace(old, new)), complexity(PLAIN)
    assert less.simpler_than(more) and not more.simpler_than(less) and not more.simpler_than(more)
    assert less.score < more.score and less.branches < more.branches


def test_the_parts_are_counted_as_said():
    found = complexity(PLAIN)
    assert (found.lines, found.branches, found.functions) == (7, 2, 1)
    assert f"complexity {found.nodes}" in str(found) and "7 lines" in str(found)
    assert complexity("x = [y for y in z if y if w]").branches == 2


def test_a_sequence_memorised_in_a_constant_is_not_simple():
    assert complexity(f"MOVES = {'0123' * 200!r}").score > complexity("MOVES = 'abcdefgh'").score + 90
    assert complexity(f"MOVES = {bytes(800)!r}").score > 90
    assert complexity(f"MOVES = {1 << 1200}").score > 18
    assert complexity("x = -1").score == complexity("x = not 1").score - 1
