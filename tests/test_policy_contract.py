"""A file that breaks the contract is refused with a message its author can act on: line, what was found, what is allowed."""

import os
import subprocess
import sys

import numpy as np
import pytest

from fastheur import evaluate
from fastheur.errors import ActionError, PolicyError
from fastheur.loading import load_policy, policy_from_source

KERNEL = "OBS = 'state'\ndef act(obs, info, state, params):\n    return {value}\n"
GAIT = "OBS = 'state'\ndef act(obs, info, state, params, action):\n    {body}\n"
BATCH = """import numpy as np
OBS = 'state'
class Policy:
    def __init__(self, spec, params, random):
        pass
    def reset(self, slots):
        pass
    def act(self, obs, info, slots):
        return {value}
"""

SHAPED = (
    "from fastheur.policy import Param, uniform\nOBS = 'state'\nSTATE = [('n', 'i8'), ('max', 'f8', (2,))]\n"
    "PARAMS = {'p': Param(0.5, 0.0, 1.0)}\n"
    "def side(x, p):\n    return 1 if x < p else 0\n"
    "def act(obs, info, state, params):\n    state.n += 1\n    state.max[1] += obs[2]\n"
    "    return side(uniform(state) + state.max[1], params.p)\n"
)

BROKEN_FILES = [
    ("def act(obs:\n", r"line 1: syntax error"),
    (
        "OBS = 'ram'\nimport os\ndef act(o, i, s, p):\n    return 0\n",
        r"line 2: imports 'os'; a policy may import math, numpy",
    ),
    ("OBS = 'ram'\nfrom subprocess import run\ndef act(o, i, s, p):\n    return 0\n", r"imports 'subprocess'"),
    (
        "from fastheur import evaluate\nOBS = 'ram'\ndef act(o, i, s, p):\n    return 0\n",
        r"imports 'fastheur.evaluate'",
    ),
    ("from .other import x\nOBS = 'ram'\ndef act(o, i, s, p):\n    return 0\n", r"imports '.other'"),
    ("OBS = 'ram'\ndef act(o, i, s, p):\n    return open('x')\n", r"line 3: calls open\(\)"),
    ("OBS = 'ram'\n", r"defines neither `act\(obs, info, state, params\)` nor a class `Policy`"),
    ("OBS = 'ram'\nact = 3\n", r"`act` is int, expected a function"),
    ("def act(o, i, s, p):\n    return 0\n", r"OBS is None, expected one of ram, native"),
    ("OBS = 'rma'\ndef act(o, i, s, p):\n    return 0\n", r"OBS is 'rma'"),
    ("OBS = 'ram'\nx = 1 / 0\ndef act(o, i, s, p):\n    return 0\n", r"line 2: ZeroDivisionError"),
    ("OBS = 'ram'\nPARAMS = {'a': 3}\ndef act(o, i, s, p):\n    return 0\n", r"PARAMS\['a'\] is 3, expected Param"),
    ("OBS = 'ram'\nSTATE = [('_key', 'u8')]\ndef act(o, i, s, p):\n    return 0\n", r"STATE"),
    ("OBS = 'ram'\nSTATE = [('x', 'O')]\ndef act(o, i, s, p):\n    return 0\n", r"STATE field 'x'"),
    ("OBS = 'ram'\nSTATE = 'x'\ndef act(o, i, s, p):\n    return 0\n", r"STATE does not describe a record"),
    ("OBS = 'ram'\nFRAME = 'grey'\ndef act(o, i, s, p):\n    return 0\n", r"FRAME is 'grey', expected Frame"),
    ("OBS = 'ram'\nclass Policy:\n    def act(self): pass\n", r"needs the methods reset\(slots\) and act"),
    (
        "from fastheur.policy import Param\nOBS = 'ram'\nPARAMS = {'a': Param(9, 0, 3)}\ndef act(o, i, s, p):\n    return 0\n",
        r"default of PARAMS\['a'\] is 9, expected 0 .. 3",
    ),
]


@pytest.mark.parametrize("source, message", BROKEN_FILES)
def test_a_broken_file_is_refused_with_a_reason(source, message):
    with pytest.raises(PolicyError, match=message):
        policy_from_source(source, "broken.py")


def test_a_missing_a_binary_and_a_huge_file_are_refused(tmp_path):
    with pytest.raises(PolicyError, match="Cannot read"):
        load_policy(tmp_path / "none.py")
    junk = tmp_path / "junk.py"
    junk.write_bytes(b"\xff\xfe\x00junk")
    with pytest.raises(PolicyError, match="not a text file"):
        load_policy(junk)
    junk.write_bytes(b"#" * 2_000_000)
    with pytest.raises(PolicyError, match="may have 1,000,000"):
        load_policy(junk)


BROKEN_KERNELS = [
    ("def act(obs, info, state, params):\n    return undefined_name\n", r"line 3: .*undefined_name"),
    ("def act(obs, info, state, params):\n    return 0.5\n", r"returns float64, expected an integer"),
    ("def act(obs, info, state, params):\n    return state.missing\n", r"line 3: .*missing"),
    (
        "def act(obs, info, state, params):\n    if obs[0] > 0:\n        return 1\n",
        r"expected an integer|does not return an integer",
    ),
    ("def act(obs, info, state):\n    return 0\n", r"line 2: found act\(obs, info, state\), but this task needs"),
    ("def act(obs, info, state, params):\n    return {}[obs]\n", r"line 3"),
]


@pytest.mark.parametrize("body, message", BROKEN_KERNELS)
def test_a_kernel_that_does_not_compile_names_the_authors_line(body, message):
    with pytest.raises(PolicyError, match=message) as caught:
        evaluate(policy_from_source("OBS = 'state'\n" + body, "kernel.py"), "CartPole-v1", episodes=1)
    assert "numba" not in str(caught.value).lower() and "_fastheur_loop" not in str(caught.value)


@pytest.mark.parametrize("value", ["2", "-1", "2**40", "-(2**63)"])
def test_a_discrete_action_out_of_range_fails_the_trial_and_names_slot_step_and_value(value):
    for source in (KERNEL.format(value=value), BATCH.format(value=f"np.full(len(slots), {value})")):
        with pytest.raises(ActionError, match=r"action -?\d+ in slot 0 at step 0; expected an integer 0..1"):
            evaluate(policy_from_source(source, "p.py"), "CartPole-v1", episodes=2)


@pytest.mark.parametrize("value", ["np.nan", "np.inf", "1.0000001", "-2.0"])
def test_a_continuous_action_that_is_not_finite_or_out_of_range_fails_the_trial(value):
    kernel = "import numpy as np\n" + GAIT.format(body=f"action[2] = {value}")
    batch = BATCH.format(value=f"np.full((len(slots), 6), {value})")
    for source in (kernel, batch):
        with pytest.raises(ActionError, match=r"in slot 0 at step 0; expected 6 finite values within -1 .. 1"):
            evaluate(policy_from_source(source, "p.py"), "mujoco/half_cheetah", episodes=1)


@pytest.mark.parametrize("value", ["np.zeros(len(slots))", "np.zeros((len(slots), 2), int)", "None", "[[1]]"])
def test_a_batch_policys_wrong_dtype_or_shape_is_refused(value):
    with pytest.raises(PolicyError, match=r"expected integers of shape \(1,\)"):
        evaluate(policy_from_source(BATCH.format(value=value), "p.py"), "CartPole-v1", episodes=1)


FORBIDDEN = [
    ("import numpy as np\n", "np.random.random()", r"np.random, which a policy may not; randomness comes from uniform"),
    ("from numpy import random\n", "random.random()", r"imports numpy.random"),
    ("import numpy.random\n", "0", r"imports 'numpy.random'"),
    ("import numpy as np\n", "np.lib.stride_tricks.as_strided(obs, (9,), (1,))[8]", r"np.lib"),
    ("import numba\n", "numba.extending", r"numba.extending"),
    ("", "state._key", r"private name '_key'"),
    ("", "state['_draws']", r"private field '_draws'"),
    ("", "act.__globals__", r"private name '__globals__'"),
]


@pytest.mark.parametrize("head, value, message", FORBIDDEN)
def test_what_would_break_the_black_box_or_bring_chance_of_its_own_is_refused(head, value, message):
    with pytest.raises(PolicyError, match=message):
        policy_from_source(head + KERNEL.format(value=value), "p.py")


def test_a_batch_policy_cannot_write_into_the_harness():
    for line in ("slots[:] = 0", "obs[:] = 0", "info['lives'] = 9"):
        source = BATCH.format(value="np.zeros(len(slots), int)").replace(
            "        return", f"        {line}\n        return"
        )
        with pytest.raises(PolicyError, match=r"ValueError: .*read-only"):
            evaluate(policy_from_source(source, "p.py"), "CartPole-v1", episodes=2)


def test_leaving_python_is_an_error_of_the_policy(tmp_path):
    with pytest.raises(PolicyError, match="line 1: SystemExit"):
        policy_from_source("raise SystemExit(0)\n", "p.py", fenced=False)
    source = BATCH.format(value="(_ for _ in ()).throw(SystemExit(0))")
    with pytest.raises(PolicyError, match="line 9: SystemExit"):
        evaluate(policy_from_source(source, "p.py", fenced=False), "CartPole-v1", episodes=1)


def test_buttons_are_0_or_1():
    source = "OBS = 'screen'\ndef act(obs, info, state, params, action):\n    action[1] = 0.5\n"
    with pytest.raises(ActionError, match="each 0 or 1"):
        evaluate(policy_from_source(source, "p.py"), "vizdoom/d1_basic", episodes=1, max_steps=3)


def test_bounds_checks_are_on_and_the_line_is_found():
    source = "OBS = 'state'\ndef act(obs, info, state, params):\n    x = 1\n    return int(obs[200 * x])\n"
    with pytest.raises(PolicyError, match=r"line 4: IndexError in slot 0 at step 0") as caught:
        evaluate(policy_from_source(source, "p.py"), "CartPole-v1", episodes=1)
    assert caught.value.line == 4


def test_an_authors_own_njit_cannot_turn_bounds_checks_off():
    source = (
        "import numba\nOBS = 'state'\n@numba.njit(boundscheck=False)\ndef far(obs, k):\n    return obs[k]\n"
        "def act(obs, info, state, params):\n    return int(far(obs, 4000))\n"
    )
    with pytest.raises(PolicyError, match="IndexError"):
        evaluate(policy_from_source(source, "p.py", fenced=False), "CartPole-v1", episodes=1)


def test_an_error_inside_a_batch_policy_names_its_line():
    with pytest.raises(PolicyError, match=r"p.py, line 9: KeyError"):
        evaluate(policy_from_source(BATCH.format(value="{}['a']"), "p.py"), "CartPole-v1", episodes=1)


def test_a_policy_for_another_mode_is_refused():
    source = "OBS = 'native'\ndef act(obs, info, state, params):\n    return 0\n"
    with pytest.raises(PolicyError, match="plays obs=native, and this task is run with obs=ram"):
        evaluate(policy_from_source(source, "p.py"), "atari/pong", obs="ram", episodes=1)


def test_parameters_are_checked_against_their_declaration(random_kernel):
    with pytest.raises(PolicyError, match=r"no parameter 'm'; it declares n, repeat"):
        random_kernel.values({"m": 1})
    with pytest.raises(PolicyError, match=r"params.n is 1.5, expected a whole number"):
        random_kernel.values({"n": 1.5})
    with pytest.raises(PolicyError, match=r"params.n is 40, expected 1 .. 18"):
        random_kernel.values({"n": 40})
    with pytest.raises(PolicyError, match=r"params.repeat is 'x', expected a number"):
        random_kernel.values({"repeat": "x"})
    assert random_kernel.values({"n": 2.0}) == {"n": 2, "repeat": 0.5}


def test_the_policy_never_sees_ram_in_native_mode_nor_any_seed():
    source = """import numpy as np
OBS = 'native'
class Policy:
    def __init__(self, spec, params, random):
        assert spec.obs_shape == (3, 210, 160)
        assert 'seed' not in repr(spec) and 'split' not in repr(spec) and 'obs_shape' in repr(spec)
    def reset(self, slots):
        pass
    def act(self, obs, info, slots):
        assert obs.shape[1:] == (3, 210, 160) and info.dtype.names == ('lives', 'reward', 'elapsed')
        return np.zeros(len(slots), np.int64)
"""
    evaluate(policy_from_source(source, "p.py"), "atari/pong", obs="native", episodes=1, max_steps=3)


def test_an_edited_file_never_runs_as_its_older_self(tmp_path):
    file = tmp_path / "p.py"
    lengths = []
    for value in (0, 1, 0):
        file.write_text(KERNEL.format(value=value))
        lengths.append(evaluate(file, "CartPole-v1", episodes=3).to_dict()["action_hashes"])
    assert lengths[0] == lengths[2] != lengths[1]


def test_compiled_code_is_cached_between_processes_and_a_damaged_cache_is_replaced(tmp_path):
    (tmp_path / "p.py").write_text(SHAPED)
    code = (
        "import fastheur\n"
        "card = fastheur.evaluate('p.py', 'CartPole-v1', episodes=3); print([e.action_hash for e in card.episodes])"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}

    def hashes():
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = hashes()
    [data] = (tmp_path / "cache").rglob("*.nbc")
    written = data.stat().st_mtime_ns
    assert hashes() == first and data.stat().st_mtime_ns == written
    data.write_bytes(data.read_bytes()[:100])
    assert hashes() == first


WHOLE_NUMBERS = """
import numba
import numpy as np

OBS = "ram"

@numba.njit
def below(left, right):
    return int(left) - int(right)

def act(obs, info, state, params):
    low, high = np.uint8(3), np.uint8(5)
    flags = np.zeros(2, dtype=np.int64)
    wrong = int(low) - int(high) != -2 or below(low, high) != -2 or int(-2.7) != -2 or int(True) != 1 or flags.sum() != 0
    return 17 if wrong else 0
"""


@pytest.mark.parametrize("debug", [False, True])
def test_int_of_a_byte_is_signed_in_kernels_as_in_python(debug):
    evaluate(policy_from_source(WHOLE_NUMBERS, "whole.py"), "atari/pong", episodes=1, max_steps=3, debug=debug)


def test_one_text_for_two_record_layouts_is_two_kernels():
    source = (
        "OBS = 'any'\nSTATE = [('n', 'f8')]\ndef act(obs, info, state, params, action):\n    state.n += 1.0\n"
        "    action[0] = 1.0 if info.elapsed % 2 == 0 else 0.0\n"
    )
    policy = policy_from_source(source, "p.py")
    settings = {"episodes": 2, "max_steps": 8}
    robot, shooter = ("Pendulum-v1", "vizdoom/d1_basic")
    first = [evaluate(policy, env, **settings).to_dict()["action_hashes"] for env in (robot, shooter)]
    again = [evaluate(policy, env, **settings).to_dict()["action_hashes"] for env in (shooter, robot)]
    assert first == again[::-1]


def test_the_action_vector_is_zero_before_every_call():
    source = (
        "OBS = 'any'\ndef act(obs, info, state, params, action):\n    for part in range(action.shape[0]):\n"
        "        if action[part] != 0.0:\n            raise ValueError('left over')\n        action[part] = 1.0\n"
    )
    evaluate(policy_from_source(source, "p.py"), "Pendulum-v1", episodes=3, max_steps=5)


def test_debug_mode_runs_plain_python_with_the_same_result(capsys):
    policy = policy_from_source(SHAPED, "p.py")
    compiled = evaluate(policy, "CartPole-v1", episodes=5)
    plain = evaluate(policy, "CartPole-v1", episodes=5, debug=True)
    assert plain.episodes == compiled.episodes
    shouting = policy_from_source(SHAPED.replace("state.n += 1", "state.n += 1; print('step', state.n)"), "p.py")
    evaluate(shouting, "CartPole-v1", episodes=1, debug=True)
    assert "step 1" in capsys.readouterr().out


FRAMES = {
    'Frame("grey", crop=(34, 194, 0, 160), downsample=(2, 2))': ("uint8", (80, 80)),
    'Frame("palette")': ("uint8", (210, 160)),
    'Frame("rgb", maximum=True, difference=True)': ("uint8", (3, 210, 160)),
    'Frame("masks", colours=((236, 236, 236), (92, 186, 92)))': ("uint8", (2, 210, 160)),
    'Frame("masks", shades=(Shade(green=(99, 255)), (Shade(red=(9, 99)), Shade(blue=(9, 99)))), every=(2, 3))': (
        "uint8",
        (2, 105, 54),
    ),
}


@pytest.mark.parametrize("frame", FRAMES)
def test_declared_preprocessing_replaces_the_raw_frame(frame):
    dtype, shape = FRAMES[frame]
    source = f"""import numpy as np
from fastheur.policy import Frame, Shade
OBS = 'native'
FRAME = {frame}
class Policy:
    def __init__(self, spec, params, random):
        assert (str(spec.obs_dtype), spec.obs_shape) == ({dtype!r}, {shape})
    def reset(self, slots):
        self.steps = 0
    def act(self, obs, info, slots):
        self.steps += 1
        assert obs.shape[1:] == {shape} and obs.dtype == {dtype!r}
        if FRAME.difference:
            assert (obs.max() > 0) == (self.steps > 1) or self.steps > 1
        return np.full(len(slots), 2)
"""
    evaluate(policy_from_source(source, "p.py"), "atari/pong", obs="native", episodes=2, max_steps=20)


def test_a_kernel_reads_connected_components():
    source = """from fastheur.policy import Frame
OBS = 'native'
FRAME = Frame("components", colours=((92, 186, 92),), crop=(34, 194, 0, 160), most=2)
STATE = [('seen', 'i8')]
def act(obs, info, state, params):
    if info.elapsed > 30 and obs[0, 0].area < 40:
        return 99
    return 0
"""
    evaluate(policy_from_source(source, "p.py"), "atari/pong", obs="native", episodes=1, max_steps=60)


def test_preprocessing_of_what_is_no_frame_is_refused():
    source = (
        "from fastheur.policy import Frame\nOBS = 'any'\nFRAME = Frame('grey')\ndef act(o, i, s, p):\n    return 0\n"
    )
    with pytest.raises(PolicyError, match=r"works on RGB frames \(3, H, W\)"):
        evaluate(policy_from_source(source, "p.py"), "atari/pong", obs="ram", episodes=1)


def test_uniform_is_uniform_and_the_same_in_both_styles():
    from fastheur.policy import SlotRandom, state_dtype, uniform

    state = np.zeros(1, state_dtype([]))
    state["_key"] = 1234567890123456789
    random = SlotRandom(3)
    random.rekey(np.array([2]), [1234567890123456789])
    record = state.view(np.recarray)[0]
    draws = [uniform(record) for _ in range(2000)]
    assert draws == [float(random.uniform(np.array([2]))[0]) for _ in range(2000)]
    assert min(draws) >= 0 and max(draws) < 1 and abs(np.mean(draws) - 0.5) < 0.03
