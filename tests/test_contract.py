"""A declaration survives the way between processes, and nothing that a hostile process sends for one gets through."""

import copy
import json
import math

import pytest

from fastheur.contract import Declaration, declared
from fastheur.errors import PolicyError
from fastheur.loading import load_policy, policy_from_source
from fastheur.resources import POLICIES

FULL = """import numpy as np
from fastheur.policy import Frame, Param
OBS = ("native", "screen")
TASK = "atari/pong"
PARAMS = {"gain": Param(0.5, 0.0, 1.0), "mode": Param(np.int64(2), choices=range(4)), "free": Param(-3)}
STATE = [("n", "i8"), ("hit", bool), ("track", np.float32, (4, 2)), ("one", "u1", 3), ("one_y", "f4")]
FRAME = Frame("components", crop=(34, 194, 0, 160), colours=[[236, 236, 236], (92, 186, 92)], most=4, min_area=2)
MARKS = {
    "ball": ("n - 48", "one_y+.5"), "wall": ["hit", None], "roof": (None, np.float32(34)), "goal": (8, " n ", 4, "n"),
}
def act(obs, info, state, params):
    return 0
"""


def sent(declaration):
    return json.loads(json.dumps(declaration.to_dict()))


@pytest.mark.parametrize("path", sorted(POLICIES.rglob("*.py")), ids=lambda path: str(path.relative_to(POLICIES)))
def test_every_shipped_policys_declaration_comes_back_equal(path):
    policy = load_policy(path)
    here = declared(policy.source, policy.name, policy.namespace)
    there = Declaration.from_dict(policy.source, policy.name, sent(policy))
    assert there == here and there.rows([there.values()]) == policy.rows([policy.values()])


def test_every_way_to_write_a_declaration_comes_back_as_one():
    policy = policy_from_source(FULL, "full.py")
    back = Declaration.from_dict(FULL, "full.py", sent(policy))
    assert back == declared(FULL, "full.py", policy.namespace)
    assert back.state == (
        ("n", "int64"),
        ("hit", "bool"),
        ("track", "float32", (4, 2)),
        ("one", "uint8", (3,)),
        ("one_y", "float32"),
    )
    assert back.params["mode"].choices == (0, 1, 2, 3) and back.params["mode"].dtype == "int64"
    assert back.marks == {
        "ball": (("n", -48), ("one_y", 0.5)), "wall": (("hit", 0), None), "roof": (None, 34.0), "goal": (8, ("n", 0), 4, ("n", 0)),
    }  # fmt: skip
    assert back.frame.colours == ((236, 236, 236), (92, 186, 92))
    assert Declaration.from_dict(FULL + "#", "full.py", sent(policy)).sha256 != back.sha256


def param(**changes):
    return {"name": "a", "default": 1, "low": None, "high": None, "choices": [], **changes}


def state(**changes):
    return {"name": "a", "type": "int64", "shape": [], **changes}


def mark(label="a", places=(1, 2)):
    return {"label": label, "places": list(places)}


HUGE = 10**30
LIES = [
    (("style",), "neural", r"style is 'neural', expected kernel or batch"),
    (("style",), ["kernel"], r"style is \['kernel'\]"),
    (("modes",), "native", r"OBS is 'native', expected a list"),
    (("modes",), ["ram", "ram"], r"OBS is \('ram', 'ram'\)"),
    (("modes",), [["ram"]], r"OBS is \['ram'\], expected one of"),
    (("modes",), ["ram"] * 10**6, r"OBS has more than 4 entries"),
    (("task",), "x" * 201, r"TASK is .*at most 200 characters"),
    (("task",), "\ud800", r"TASK is"),
    (("task",), "a\x1b[2J", r"TASK is 'a\\x1b\[2J'"),
    (("task",), 7, r"TASK is 7, expected a task's name"),
    (("params",), {}, r"PARAMS is \{\}, expected a list"),
    (("params",), [[]], r"an entry of PARAMS is \[\]"),
    (("params",), [param() | {"more": 1}], r"an entry of PARAMS has the entries"),
    (("params",), [param(name=f"p{n}") for n in range(257)], r"PARAMS has more than 256 entries"),
    (("params",), [param(), param()], r"PARAMS\['a'\] is declared twice"),
    (("params",), [param(name="a" * 65)], r"at most 64 characters"),
    (("params",), [param(name="a b")], r"name 'a b', expected a Python identifier"),
    (("params",), [param(name="_a")], r"does not start with _"),
    (("params",), [param(name=3)], r"PARAMS has the name 3"),
    (("params",), [param(default=math.nan)], r"the default of PARAMS\['a'\] is nan"),
    (("params",), [param(default=True)], r"is True, expected a finite number"),
    (("params",), [param(default="1")], r"is '1'"),
    (("params",), [param(default=HUGE)], r"at most 64 bits"),
    (("params",), [param(default=10**5000)], r"a value of type int"),
    (("params",), [param(low=-math.inf)], r"bound low of PARAMS\['a'\] is -inf"),
    (("params",), [param(high=False)], r"bound high of PARAMS\['a'\] is False"),
    (("params",), [param(low=2)], r"default of PARAMS\['a'\] is 1, expected 2 .. None"),
    (("params",), [param(choices=[2, 3])], r"is 1, expected one of 2, 3"),
    (("params",), [param(choices=[1, None])], r"a choice of PARAMS\['a'\] is None"),
    (("params",), [param(choices=list(range(65)))], r"choices of PARAMS\['a'\] has more than 64"),
    (("state",), [state(type="O")], r"STATE field 'a' has the type 'O', expected one of bool, int8"),
    (("state",), [state(type=["int64"])], r"has the type \['int64'\]"),
    (("state",), [state(type="float16")], r"'float16'"),
    (("state",), [state(), state()], r"declared twice"),
    (("state",), [state(name="_key")], r"does not start with _"),
    (("state",), [state(shape=[0])], r"is 0, expected a whole number from 1"),
    (("state",), [state(shape=[-1])], r"is -1"),
    (("state",), [state(shape=[1.0])], r"is 1.0"),
    (("state",), [state(shape=[1] * 9)], r"more than 8 entries"),
    (("state",), [state(shape=[HUGE])], r"is 1000"),
    (("state",), [state(shape=[60000] * 8)], r"STATE takes .* bytes or more per slot, expected at most 65,536"),
    (("state",), [state(shape=[8191])], r"STATE takes 65,544 bytes"),
    (("state",), [state(name=f"f{n}") for n in range(257)], r"STATE has more than 256"),
    (("frame",), [], r"FRAME is \[\], expected format"),
    (("frame", "format"), "video", r"FRAME format is 'video'"),
    (("frame", "format"), {}, r"FRAME format is \{\}"),
    (("frame", "crop"), [0, 1, 0], r"FRAME crop are \[0, 1, 0\], expected \(top, bottom"),
    (("frame", "crop"), [0, 1, 0, HUGE], r"FRAME crop"),
    (("frame", "crop"), [0, 1, 0, 1.0], r"FRAME crop"),
    (("frame", "crop"), "1234", r"FRAME crop"),
    (("frame", "maximum"), 1, r"FRAME maximum is 1, expected True or False"),
    (("frame", "difference"), None, r"FRAME difference is None"),
    (("frame", "difference"), True, r"work on rgb and grey, not on components"),
    (("frame", "downsample"), [0, 1], r"FRAME downsample are \[0, 1\]"),
    (("frame", "downsample"), [1, HUGE], r"FRAME downsample"),
    (("frame", "colours"), [], r"those need one of the two"),
    (("frame", "shades"), [[[0] * 10]], r"colours or shades belong"),
    (("frame", "shades"), [[[0] * 9]], r"FRAME shades are .*, expected a Shade"),
    (("frame", "shades"), [[[0] * 9 + [300]]], r"FRAME shades are"),
    (("frame", "shades"), [[0] * 10], r"FRAME shades are 0"),
    (("frame", "shades"), [[]] * 65, r"FRAME shades has more than 64"),
    (("frame", "every"), [2, 2], r"it needs shades"),
    (("frame", "every"), [0, 2], r"FRAME every are \[0, 2\], expected a step"),
    (("frame", "colours"), [[0, 0, 256]], r"RGB triples"),
    (("frame", "colours"), [[0, 0, 0]] * 65, r"FRAME colours has more than 64"),
    (("frame", "colours"), [[0, 0, True]], r"RGB triples"),
    (("frame", "most"), 1025, r"FRAME most is 1025, expected a whole number from 1 to 1,024"),
    (("frame", "most"), 0, r"FRAME most is 0"),
    (("frame", "most"), 1.0, r"FRAME most is 1.0"),
    (("frame", "min_area"), -1, r"FRAME min_area is -1"),
    (("marks",), {}, r"MARKS is \{\}, expected a list"),
    (("marks",), [[]], r"an entry of MARKS is \[\]"),
    (("marks",), [mark() | {"more": 1}], r"an entry of MARKS has the entries"),
    (("marks",), [mark(f"m{n}") for n in range(17)], r"MARKS has more than 16 entries"),
    (("marks",), [mark(), mark()], r"MARKS\['a'\] is declared twice"),
    (("marks",), [mark("a" * 25)], r"a text of at most 24 characters"),
    (("marks",), [mark("a\x1b[2J")], r"label 'a\\x1b"),
    (("marks",), [mark(" ")], r"label ' '"),
    (("marks",), [mark(3)], r"label 3"),
    (("marks",), [mark(places=[1])], r"MARKS\['a'\] is \(1,\), expected \(x, y\) or"),
    (("marks",), [mark(places=[1, 2, 3])], r"is \(1, 2, 3\)"),
    (("marks",), [mark(places=[1] * 10**6)], r"MARKS\['a'\] has more than 4 entries"),
    (("marks",), [mark(places=[None, None])], r"is \(None, None\)"),
    (("marks",), [mark(places=[1, 2, None, 4])], r"a box has no None"),
    (("marks",), [mark(places=[1, math.nan])], r"a number of MARKS\['a'\] is nan"),
    (("marks",), [mark(places=[1, HUGE])], r"at most 64 bits"),
    (("marks",), [mark(places=[1, True])], r"is True"),
    (("marks",), [mark(places=[1, "n"])], r"is 'n', expected a finite number"),
    (("marks",), [mark(places=[1, ["one_z", 0]])], r"names 'one_z', which is no field of STATE .* mean one_y"),
    (("marks",), [mark(places=[1, ["track", 0]])], r"no field of STATE with a single number; those are n, hit, one_y"),
    (("marks",), [mark(places=[1, ["x" * 10**6, 0]])], r"no field of STATE"),
    (("marks",), [mark(places=[1, [["n"], 0]])], r"names \['n'\]"),
    (("marks",), [mark(places=[1, ["n", 0, 0]])], r"names None"),
    (("marks",), [mark(places=[1, ["n", math.inf]])], r"what MARKS\['a'\] adds to n is inf"),
]


@pytest.mark.parametrize("place, lie, message", LIES)
def test_a_lie_about_a_policy_is_refused_with_its_name(place, lie, message):
    data = copy.deepcopy(sent(policy_from_source(FULL, "full.py")))
    target = data
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = lie
    with pytest.raises(PolicyError, match=message) as caught:
        Declaration.from_dict(FULL, "full.py", data)
    assert str(caught.value).startswith("full.py: ") and len(str(caught.value)) < 600


def test_a_slot_is_never_asked_to_keep_too_many_components():
    data = sent(policy_from_source(FULL, "full.py"))
    data["frame"] |= {"most": 1024, "colours": [[0, 0, shade] for shade in range(5)]}
    with pytest.raises(PolicyError, match="1024 components of each of 5 colours, expected at most 4,096 in all"):
        Declaration.from_dict(FULL, "full.py", data)


def nested(depth):
    data = []
    for _ in range(depth):
        data = [data]
    return data


@pytest.mark.parametrize("data", [None, [], "{}", 3, {}, {"style": "kernel"}, {1: 2}, {"a" * 10**6: 1}, nested(10**5)])
def test_what_is_no_declaration_at_all_is_refused(data):
    with pytest.raises(PolicyError, match=r"p.py: the declaration (is|has)"):
        Declaration.from_dict("", "p.py", data)


def test_more_entries_than_the_known_ones_are_refused():
    data = sent(policy_from_source(FULL, "full.py")) | {"sha256": "0" * 64}
    with pytest.raises(PolicyError, match=r"the declaration has the entries .*'sha256'"):
        Declaration.from_dict(FULL, "full.py", data)


@pytest.mark.parametrize(
    "line, message",
    [
        ("big = 10**300\nPARAMS = {'a': Param(big**20)}", r"the default of PARAMS\['a'\] is a value of type int"),
        ("PARAMS = {'a': Param(1, choices=range(10**12))}", r"choices of PARAMS\['a'\] has more than 64"),
        ("PARAMS = {f'p{n}': Param(1) for n in range(300)}", r"PARAMS has more than 256"),
        ("PARAMS = {'a': Param(0.5, high=float('inf'))}", r"leave out a bound of infinity"),
        ("STATE = [('a', 'f8', (10**6, 10**6))]", r"STATE"),
        ("STATE = [('a', '>i4')]", r"STATE field 'a' has the type '>i4'"),
        ("STATE = [('a', [('b', 'i4')])]", r"STATE field 'a' has the type"),
        ("MARKS = ['ball']", r"MARKS is list, expected a dict of labels"),
        ("MARKS = {'ball': 'x'}", r"MARKS\['ball'\] is 'x', expected \(x, y\)"),
        ("MARKS = {'ball': ('x', 1)}", r"names 'x', which is no field of STATE .* those are none"),
        ("MARKS = {'ball': ('x * 2', 1)}", r"MARKS\['ball'\] has 'x \* 2', expected .*\"ball_x - 48\""),
        ("MARKS = {'ball': (('x', 2), 1)}", r"MARKS\['ball'\] has \('x', 2\)"),
        ("MARKS = {'ball': ('x + ' + '9' * 10**6, 1)}", r"MARKS\['ball'\] has"),
        ("MARKS = {f'm{n}': (1, 2) for n in range(10**5)}", r"MARKS has more than 16"),
        ("loop = []\nloop.append(loop)\nMARKS = {'ball': loop}", r"MARKS\['ball'\] has"),
        ("OBS = ['ram']", r"OBS is \['ram'\], expected one of ram"),
        ("TASK = 3", r"TASK is 3"),
        ("FRAME = Frame('masks', shades=(7,))", r"FRAME shades have 7, expected a Shade"),
        ("FRAME = Frame('grey', crop=7)", r"FRAME crop are 7"),
        ("loop = []\nloop.append(loop)\nFRAME = Frame('masks', colours=loop)", r"FRAME colours are"),
    ],
)
def test_the_same_limits_hold_for_a_policy_of_this_process(line, message):
    head = "from fastheur.policy import Frame, Param\nOBS = 'any'\ndef act(obs, info, state, params):\n    return 0\n"
    with pytest.raises(PolicyError, match=message):
        policy_from_source(head + line, "p.py")
