"""Unswitching: a tuned policy without its settled switches is shorter, plays the same, and keeps its author's words."""

import random
import textwrap

import numpy as np
import pytest

from fastheur import evaluate
from fastheur.complexity import complexity
from fastheur.loading import policy_from_source
from fastheur.policy import state_dtype
from fastheur.unswitching import unswitched

SOURCE = '''"""A policy with switches."""

import math

from fastheur.policy import Param

OBS = "ram"
BALL, PADDLE = 99, 72
NEAR = 3  # only for the careful way
SLOW, FAST = 0, 1

STATE = [
    ("x", "i8"),  # ball
    ("wait", "i8"),  # frames to wait
]
PARAMS = {
    "mode": Param(0, choices=(0, 1, 2)),  # 0 slow, 1 fast
    "lead": Param(0.5, 0.0, 2.0),  # in frames
    "careful": Param(0, choices=(0, 1)), "gain": Param(1.0, choices=(0.5, 1.0)),
}


# What to do when careful.
def careful_way(state, params, x):
    """Wait."""
    if state.wait > 0 and params.lead > 0:
        state.wait -= 1
        return 0
    return int(math.sqrt(x + NEAR))


def aim(record, x):
    speed = record.mode
    if speed == FAST:
        # fast
        return x + 2 * record.gain
    elif speed == SLOW and record.lead > 0.1:
        # slow
        return x  # at once
        # and no later
    else:
        return -x


def act(obs, info, state, params):
    x = int(obs[BALL])
    if params.careful:
        state.wait = 3 if x > 100 else state.wait
        return careful_way(state, params, x)
    # the plain way
    if not params.careful and (params.mode == 0 or x > 20):
        # near or slow
        y = aim(params, x - state.x) * params.gain
        text = """a
    b"""

        if y > 10:
            return 2
        # not yet
    elif x < 3:
        return 1
    else:
        return 0
    state.x = x
    return 3 if x > int(obs[PADDLE]) and params.careful == 0 else len("no")
'''


def actions(source, values, steps=60):
    """Actions and state fields of a policy as plain Python, on random RAM."""
    policy = policy_from_source(source)
    row = policy.rows([policy.values(values)]).view(np.recarray)[0]
    state = np.zeros(1, state_dtype(policy.state)).view(np.recarray)[0]
    rng = np.random.default_rng(1)
    played = [policy.namespace["act"](rng.integers(0, 256, 128), None, state, row) for _ in range(steps)]
    return [int(action) for action in played], {name: state[name].tolist() for name in state.dtype.names[:-2]}


def kept(source, values):
    """The values of the parameters that a policy still declares."""
    return {name: value for name, value in values.items() if name in policy_from_source(source).params}


@pytest.mark.parametrize("mode", [0, 1, 2])
@pytest.mark.parametrize("careful", [0, 1])
@pytest.mark.parametrize("gain", [0.5, 1.0])
def test_the_result_plays_the_same_and_is_shorter(mode, careful, gain):
    values = {"mode": mode, "careful": careful, "gain": gain, "lead": 0.3}
    result = unswitched(SOURCE, values)
    assert complexity(result).simpler_than(complexity(SOURCE))
    assert list(policy_from_source(result).params) == ["lead"]
    old, new = actions(SOURCE, values), actions(result, kept(result, values))
    assert new[0] == old[0]
    assert new[1].items() <= old[1].items()


def test_what_is_left_is_as_the_author_wrote_it():
    assert (
        unswitched(SOURCE, {"mode": 0, "careful": 0, "gain": 0.5})
        == '''"""A policy with switches."""

from fastheur.policy import Param

OBS = "ram"
BALL, PADDLE = 99, 72

STATE = [
    ("x", "i8"),  # ball
]
PARAMS = {
    "lead": Param(0.5, 0.0, 2.0),  # in frames
}


def aim(record, x):
    if record.lead > 0.1:
        # slow
        return x  # at once
        # and no later
    else:
        return -x


def act(obs, info, state, params):
    x = int(obs[BALL])
    # the plain way
    # near or slow
    y = aim(params, x - state.x) * 0.5
    text = """a
    b"""

    if y > 10:
        return 2
    # not yet
    state.x = x
    return 3 if x > int(obs[PADDLE]) else len("no")
'''
    )


def test_declarations_that_are_left_empty_go_too():
    source = (
        'from fastheur.policy import Param, uniform\nOBS = "ram"\nSTATE = [("n", "i8")]\n'
        'PARAMS = {"s": Param(0, choices=(0, 1))}\n\ndef act(obs, info, state, params):\n'
        "    if params.s:\n        state.n += 1\n        return state.n\n    return int(9 * uniform(state))"
    )
    assert unswitched(source.replace("\n", "\r\n"), {"s": 0}) == (
        'from fastheur.policy import uniform\nOBS = "ram"\n\ndef act(obs, info, state, params):\n'
        "    return int(9 * uniform(state))\n"
    )


def test_compiled_kernels_play_the_same_episode():
    values = {"mode": 1, "careful": 0, "gain": 0.5, "lead": 0.3}
    result = unswitched(SOURCE, values)
    play = {"obs": "ram", "episodes": 1, "max_steps": 200, "engine": "ale"}
    old = evaluate(policy_from_source(SOURCE), "atari/breakout", params=values, **play)
    new = evaluate(policy_from_source(result), "atari/breakout", params=kept(result, values), **play)
    assert new.episodes == old.episodes and old.episodes[0].length == 200


def test_only_switches_that_are_named_are_folded():
    result = unswitched(SOURCE, {"careful": 0})
    assert list(policy_from_source(result).params) == ["mode", "lead", "gain"]
    assert unswitched(SOURCE, {"lead": 0.3}) is None and unswitched(SOURCE, {}) is None


def one(body, head=""):
    """A policy with one switch ``s`` around the given body."""
    text = textwrap.indent(textwrap.dedent(body), "    ")
    return (
        'from fastheur.policy import Param, uniform\nOBS = "ram"\nSTATE = [("n", "i8")]\n'
        f'PARAMS = {{"s": Param(0, choices=(-1, 0, 1, 2)), "t": Param(0, 0, 9)}}\n{head}def act(obs, info, state, params):\n{text}'
    )


@pytest.mark.parametrize(
    "body, value, expected",
    [
        ("if params.s: return 1\nreturn 2\n", 0, "return 2\n"),
        ("if params.s: return 1\nreturn 2\n", 1, "return 1\n"),
        ("if params.s:\n\treturn 1\nelse: return 2\n", 0, "return 2\n"),
        ("if params.t:\n    if params.s:\n        return 1\nreturn 2\n", 0, "if params.t:\n    pass\nreturn 2\n"),
        ("if params.t: return 1\nelif params.s: return 3\nreturn 2\n", 0, "if params.t: return 1\nreturn 2\n"),
        (
            "if params.t: return 1\nelif params.s: return 3\nelse:\n    return 2\n", 1,
            "if params.t: return 1\nelse:\n    return 3\n",
        ),
        (
            "if params.t: return 1\nelif params.s: return 3\nelif params.t > 2:\n    return 2\nreturn 4\n", 0,
            "if params.t: return 1\nelif params.t > 2:\n    return 2\nreturn 4\n",
        ),
        ("if params.s > 1 or (params.t and\n    state.n):\n    return 1\nreturn 0\n", 0,
         "if (params.t and\n    state.n):\n    return 1\nreturn 0\n"),
        ("if (params.t or state.n) and params.s < 2 and obs[1]:\n    return 1\nreturn 0\n", 0,
         "if (params.t or state.n) and obs[1]:\n    return 1\nreturn 0\n"),
        ("return (params.s) ** 2 - params.s + params.t\n", -1, "return ((-1)) ** 2 - (-1) + params.t\n"),
        ("return int(params.t and params.s == 2)\n", 2, "return int(params.t and True)\n"),
        ("while params.s and obs[3]:\n    return 1\n# else\nreturn 0\n", 0, "# else\nreturn 0\n"),
        ("if uniform(state) < 0.5 and params.s:\n    return 1\nreturn params.t\n", 0,
         "if uniform(state) < 0.5 and 0:\n    return 1\nreturn params.t\n"),
        ("mode = params.s * 2 - 1\nif abs(mode) == 3 and mode in (1, 3):\n    return 1\nreturn 0\n", 2, "return 1\n"),
        ("mode = params.s\nif obs[0]:\n    mode = 2\nif mode:\n    return 1\nreturn 0\n", 0,
         "mode = 0\nif obs[0]:\n    mode = 2\nif mode:\n    return 1\nreturn 0\n"),
    ],
)  # fmt: skip
def test_conditions_are_folded_only_as_far_as_they_are_settled(body, value, expected):
    result = unswitched(one(body), {"s": value})
    policy_from_source(result)
    assert result.split("params):\n")[1] == textwrap.indent(expected, "    ")


@pytest.mark.parametrize(
    "body, head",
    [
        ("p = params\nreturn p.s\n", ""),
        ("params.s = 2\nreturn params.s\n", ""),
        ("return params['s']\n", ""),
        ("return obs[0] ** params.s\n", ""),
        ("return helper(params) + helper(state)\n", "def helper(record):\n    return record.s\n"),
        ("return helper(*(params,))\n", "def helper(record):\n    return record.s\n"),
        ("f = helper\nreturn f(params) + helper(params)\n", "def helper(record):\n    return record.s\n"),
        ("print(f'{params.s}')\nreturn 0\n", ""),
        ("return params.s\n", 'PARAMS["s"] = Param(1, choices=(0, 1))\n'),
    ],
)
def test_what_cannot_be_followed_for_certain_is_left_alone(body, head):
    assert unswitched(one(body, head), {"s": 1}) is None


def test_a_field_of_the_same_name_in_another_record_is_not_taken_for_the_switch():
    body, head = "return helper(state) + params.n\n", "def helper(params):\n    return params.n\n"
    source = one(body, head).replace('"s": Param', '"n": Param')
    result = unswitched(source, {"n": 2})
    assert "return params.n\n" in result and "return helper(state) + 2\n" in result


def random_source(seed):
    """A policy of random nested conditions on two switches, RAM and state."""
    rng = random.Random(seed)

    def condition(depth=2):
        kind = rng.randrange(7 if depth else 5)
        if kind < 2:
            return f"params.{rng.choice('ab')} {rng.choice(['==', '<', '!=', '>='])} {rng.randrange(3)}"
        if kind == 2:
            return f"params.{rng.choice('ab')}"
        if kind == 3:
            return f"int(obs[{rng.randrange(128)}]) > {rng.randrange(256)}"
        if kind == 4:
            return f"uniform(state) < 0.{rng.randrange(1, 9)}"
        if kind == 5:
            return f"not ({condition(depth - 1)})"
        word = rng.choice([" and ", " or ", "\n  # both\n  and ", "\nor "])
        return f"({word.join(condition(depth - 1) for _ in range(rng.randrange(2, 4)))})"

    def expression():
        return rng.choice(
            [
                f"state.n + {rng.randrange(5)}",
                f"state.m * params.{rng.choice('ab')} % 7",
                f"helper(state, params, {rng.randrange(9)})",
                f"({rng.randrange(9)} if {condition()} else state.m)",
                f"int({condition(1)})",
            ]
        )

    def block(depth, indent):
        lines = []
        for number in range(rng.randrange(1, 4)):
            if depth and rng.random() < 0.6:
                lines += [
                    f"{indent}# choice {number}",
                    f"{indent}if {condition()}:",
                    *block(depth - 1, indent + "    "),
                ]
                for _ in range(rng.randrange(3)):
                    lines += [f"{indent}elif {condition()}:", *block(depth - 1, indent + "    ")]
                if rng.random() < 0.5:
                    lines += [f"{indent}else:  # otherwise", *block(depth - 1, indent + "  "), "", f"{indent}  # end"]
            elif rng.random() < 0.2:
                lines += [
                    f"{indent}if {condition()}: state.n += 1; state.m = 2",
                    f"{indent}else: state.m = {expression()}",
                ]
            else:
                lines.append(f"{indent}state.{rng.choice('nm')} = {expression()}")
        if rng.random() < 0.3:
            lines.append(f"{indent}return int({expression()})")
        return lines

    return "\n".join(
        [
            "from fastheur.policy import Param, uniform",
            'OBS = "ram"',
            'STATE = [("n", "i8"), ("m", "i8")]',
            'PARAMS = {"a": Param(0, choices=(0, 1, 2)), "b": Param(1, choices=(0, 1, 2))}',
            "def helper(state, p, k):",
            "    return k if p.a == 1 and state.m > 3 else state.n % 5",
            "def act(obs, info, state, params):",
            *block(2, "    "),
            "    return int(state.n + 2 * state.m)",
            "",
        ]
    )


@pytest.mark.parametrize("seed", range(45))
def test_random_policies_play_the_same_after_it(seed):
    source = random_source(seed)
    values = {"a": seed % 3, "b": seed // 3 % 3}
    result = unswitched(source, values)
    assert not policy_from_source(result).params and "params.a" not in result and "params.b" not in result
    old, new = actions(source, values), actions(result, {})
    assert new[0] == old[0]
    assert new[1].items() <= old[1].items()


def test_a_field_that_marks_show_stays_though_no_code_reads_it_any_more():
    source = (
        'from fastheur.policy import Param\nOBS = "ram"\nSTATE = [("ball_x", "i8"), ("dull", "i8")]\n'
        'PARAMS = {"a": Param(0, choices=(0, 1))}\nMARKS = {"ball": ("ball_x - 48", None)}\n'
        "def act(obs, info, state, params):\n    state.ball_x = int(obs[99])\n    state.dull = 3\n"
        "    if params.a == 1:\n        return state.ball_x + state.dull\n    return 0\n"
    )
    result = unswitched(source, {"a": 0})
    assert policy_from_source(result).marks == {"ball": (("ball_x", -48), None)}
    assert "state.ball_x = int(obs[99])" in result and "dull" not in result
