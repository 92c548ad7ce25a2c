"""The static check refuses what leads out of a policy, names line and remedy, lets plain code pass, and survives any text."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import hostile_texts
import pytest

import fastheur
from fastheur.errors import PolicyError
from fastheur.source_limits import MAX_DEPTH
from fastheur.static_check import check

PACKAGE = Path(fastheur.__file__).parent
NP = "import numpy as np\n"
NB = "import numba\n"
REFUSED = [
    # imports
    ("x = 1\nimport os", 2, "imports 'os'; a policy may import math, numpy"),
    ("from os.path import join", 1, "imports 'os.path'"),
    ("from numpy import *", 1, "imports \\* from numpy; name what is needed"),
    ("from . import other", 1, "imports '.'"),
    ("from __future__ import division", 1, "imports '__future__'"),
    ("import numpy.lib", 1, "imports 'numpy.lib'"),
    ("from numpy import load", 1, "imports numpy.load, which a policy may not; it leads to files"),
    ("from numpy import load as zeros", 1, "imports numpy.load"),
    ("from numba import objmode", 1, "imports numba.objmode, which a policy may not; of numba it may use b1, boolean"),
    ("from fastheur import evaluate", 1, "imports 'fastheur.evaluate'"),
    ("from fastheur.policy import _split_mix", 1, "start with _ are not for policies"),
    ("from fastheur.policy import numba", 1, "imports fastheur.policy.numba"),
    ("from fastheur.policy import overload", 1, "it may use Frame, Number, Param"),
    ("from fastheur.vision import _colours", 1, "start with _"),
    ("import fastheur.policy\nfastheur.evaluate", 2, "uses fastheur.evaluate"),
    ("import fastheur.policy as p\np.np.load('x')", 2, "uses p.np, which"),
    ("import numpy as m\nimport math as m", 2, "two things as m"),
    ("class A:\n    import numpy as np\nA.np.load('x')", 2, "imports inside a class"),
    ("import numpy as __builtins__", 1, "makes the private name '__builtins__'"),
    # libraries that are passed on, changed, or used beyond what policies may
    (NP + "n = np\nn.load('x')", 2, "passes the library np on; write its parts out"),
    (NP + "def f(n=np):\n    pass", 2, "passes the library np on"),
    (NP + "box = [np]", 2, "passes the library np on"),
    (NP + "getattr(np, 'load')", 2, "passes the library np on"),
    (NP + "la = np.linalg", 2, "passes the library np.linalg on"),
    ("from numpy import linalg\nx = linalg", 2, "passes the library linalg on"),
    (NP + "np.linalg.linalg.os", 2, "uses np.linalg.linalg"),
    (NP + "np.zeros = 3", 2, "changes np.zeros; what is imported stays"),
    (NP + "del np.zeros", 2, "changes np.zeros"),
    (NP + "np.sctypeDict['f8'] = 3", 2, "sctypeDict"),
    ("from fastheur.policy import Param\nParam.problem = None", 2, "changes Param.problem"),
    (NP + "x = 1\ny = np.load('f', allow_pickle=True)", 3, "uses np.load, which a policy may not"),
    (NP + "np.random.default_rng(0)", 2, "uses np.random, which a policy may not; randomness comes from uniform"),
    (NP + "np.lib.stride_tricks.as_strided(0)", 2, "uses np.lib, "),
    (NP + "np.memmap('f')", 2, "np.memmap"),
    (NP + "np.DataSource()", 2, "np.DataSource"),
    (NP + "np.ctypeslib", 2, "np.ctypeslib"),
    (NP + "np.testing.assert_equal(1, 1)", 2, "np.testing"),
    (NP + "np.seterr(all='ignore')", 2, "np.errstate"),
    (NP + "np.datetime64('now')", 2, "no clock"),
    (NP + "np.ma.array(1)", 2, "uses np.ma, which"),
    (NP + "np.exceptions.AxisError", 2, "it may use linalg and fft"),
    (NP + "np.nosuch", 2, "has no such function, type or constant"),
    ("import math\nmath.nosuch(1)", 2, "uses math.nosuch"),
    (NB + "numba.core.types", 2, "uses numba.core"),
    (NB + "numba.types.ExternalFunction('system', None)", 2, "ExternalFunction"),
    (NB + "numba.cfunc", 2, "numba.cfunc"),
    (NB + "numba.carray", 2, "numba.carray"),
    (NB + "numba.config.DISABLE_JIT = 1", 2, "numba.config"),
    (NB + "@numba.njit(cache=True)\ndef f(): pass", 2, "compiles with cache=...; leave it out"),
    (NB + "@numba.njit(parallel=True)\ndef f(): pass", 2, "option parallel; leave it out, or use boundscheck"),
    (NB + "@numba.njit(**{})\ndef f(): pass", 2, "option \\*\\*"),
    ("from numba import njit\nj = njit\nj(cache=True)", 2, "passes numba.njit on"),
    ("from numba import njit as j\n@j(cache=True)\ndef f(): pass", 2, "cache"),
    (NB + "@numba.njit(fastmath=True)\ndef f(): pass", 2, "option fastmath; leave it out"),
    (NB + "@numba.njit(boundscheck=False)\ndef f(): pass", 2, "boundscheck as 'False'; leave it out, or write True"),
    (NB + "@numba.njit(inline='always')\ndef f(): pass", 2, "inline as .*; leave it out, or write 'never'"),
    (NB + "x = None\n@numba.njit(boundscheck=x)\ndef f(): pass", 3, "boundscheck as 'x'"),
    (NB + "@numba.njit(nopython=False)\ndef f(): pass", 2, "nopython as 'False'"),
    (NB + "@numba.njit('f8(f8)')\ndef f(x): pass", 2, "gives numba.njit a signature or"),
    (NB + "def f(): pass\nf = 'i8()'\nnumba.njit(f)", 4, "above a function of this file"),
    (NB + "numba.njit(*x)", 2, "above a function of this file"),
    (NB + "@numba.stencil\ndef f(a): pass", 2, "uses numba.stencil, which a policy may not; of numba it may use"),
    (NB + "@numba.vectorize\ndef f(a): pass", 2, "uses numba.vectorize"),
    ("from numba import guvectorize", 1, "imports numba.guvectorize"),
    (NP + "np.take_along_axis(a, b, 0)", 2, "Numba does not check its bounds; write a loop"),
    ("from numpy import take_along_axis", 1, "does not check its bounds"),
    ("import cv2\ncv2.imread('f')", 2, "uses cv2.imread, which a policy may not; of OpenCV it may use"),
    ("import cv2 as c\nc.imwrite('f', 0)", 2, "c.imwrite"),
    ("from cv2 import VideoCapture", 1, "cv2.VideoCapture"),
    ("import cv2\ncv2.setNumThreads(8)", 2, "setNumThreads"),
    ("import cv2\ncv2.dnn.readNet('f')", 2, "cv2.dnn"),
    ("import cv2\ncv2.cv2.imread", 2, "uses cv2.cv2"),
    ("import cv2\ncv2.ORB_create().save('f')", 2, "ORB_create"),
    # builtins
    ("open('x')", 1, "calls open\\(\\), which a policy may not"),
    ("o = open", 1, "uses the builtin open"),
    ("def f(x=open):\n    open = x", 1, "uses the builtin open"),
    ("open = 3\ndef f():\n    return open", 3, "uses the builtin open"),
    ("def f():\n    global open\n    open = 1\n    return open", 4, "uses the builtin open"),
    ("def f():\n    return [open for open in (open,)]", 2, "uses the builtin open"),
    ("class A:\n    open = 1\n    x = open", 3, "uses the builtin open"),
    ("eval('1')", 1, "calls eval"),
    ("exec('1')", 1, "calls exec"),
    ("__import__('os')", 1, "private name '__import__'"),
    ("x = __builtins__", 1, "private name '__builtins__'"),
    ("globals()['x']", 1, "calls globals"),
    ("vars()", 1, "calls vars"),
    ("breakpoint()", 1, "calls breakpoint"),
    ("id(3)", 1, "calls id"),
    ("hash('a')", 1, "calls hash"),
    ("memoryview(b'')", 1, "calls memoryview"),
    ("dir(3)", 1, "calls dir"),
    ("getattr(3, 'a' + 'b')", 1, "name that is not written out"),
    ("getattr(3, '__class__')", 1, "private name '__class__'"),
    ("g = getattr", 1, "uses getattr with a name that is not written out"),
    ("getattr(*x, 'real')", 1, "not written out"),
    ("setattr(x, '_key', 1)", 1, "private name '_key'"),
    ("type('X', (), {})", 1, "isinstance\\(value, kind\\)"),
    ("M = type(int)", 1, "isinstance"),
    ("type(type(x))('X', (), {})", 1, "isinstance"),
    # attributes
    ("x = 1\nx.__class__", 2, "private name '__class__'"),
    ("().__class__.__bases__[0].__subclasses__()", 1, "private name"),
    ("def f(self):\n    return self._key", 2, "private name '_key'"),
    ("def f(self):\n    self._key = 1", 2, "private name '_key'"),
    ("def f(self):\n    return self._never_made", 2, "private name '_never_made'"),
    ("def f(state):\n    return state['_draws']", 2, "private field '_draws'"),
    ("x = '__globals__'", 1, "private name '__globals__'"),
    ("(x for x in y).gi_frame", 1, "uses .gi_frame"),
    ("def f(e):\n    return e.tb_frame.f_back.f_globals", 2, "leads to code, files or memory"),
    (
        "def act(obs, info, state, params):\n    return state.flat[9]",
        2,
        "uses .flat, .* does not check its bounds; write array.ravel",
    ),
    ("getattr(obs, 'flat')", 1, "private name 'flat'"),
    ("places.getitem_unchecked(9)", 1, "without a check of bounds; write values"),
    ("a.ctypes", 1, "uses .ctypes"),
    ("obs.tofile('f')", 1, "uses .tofile"),
    ("obs.dump('f')", 1, "uses .dump"),
    ("obs.setflags(write=True)", 1, "uses .setflags"),
    ("obs.flags.writeable = True", 1, "uses .flags"),
    ("obs.base[0] = 1", 1, "uses .base"),
    ("a.resize(9, refcheck=False)", 1, "passes refcheck"),
    ("'{0.__class__}'.format(x)", 1, "formats a private name"),
    ("'{:{0[__a]}}'.format(x)", 1, "formats a private name"),
    ("t.format(x)", 1, "use an f-string"),
    ("f = '{}'.format", 1, "use an f-string"),
    ("str.format('{0.__class__}', x)", 1, "use an f-string"),
    ("'{a.__class__}'.format_map(x)", 1, "formats a private name"),
    ("x = f'{a.__class__}'", 1, "private name '__class__'"),
    ("match x:\n    case object(__class__=c):\n        pass", 2, "matches the attribute '__class__'"),
    ("match x:\n    case a.__class__:\n        pass", 2, "private name '__class__'"),
    ("match x:\n    case [*__builtins__]:\n        pass", 2, "makes the private name"),
    ("x.ﬀ_ = 1\nx.__ｃlass__", 2, "private name '__class__'"),
    ("ｏｐｅｎ('x')", 1, "calls open"),
    ("@x.__call__\ndef f(): pass", 1, "private name '__call__'"),
    ("(__builtins__ := 1)", 1, "makes the private name"),
    # definitions
    ("class A(metaclass=B): pass", 1, "keyword or a computed base"),
    ("class A(type): pass", 1, "class A has the base type"),
    ("class A(f()): pass", 1, "computed base"),
    ("class A(str): pass", 1, "class A has the base str; .* Write `class A:`"),
    ("class A(BaseException): pass", 1, "has the base BaseException"),
    ("class A(Exception): pass", 1, "for an error, raise ValueError"),
    ("class A: pass\nA = str\nclass B(A): pass", 3, "class B has the base A"),
    ("@f\nclass A: pass\nclass B(A): pass", 3, "class B has the base A"),
    ("def f(A):\n    class B(A): pass\nclass A: pass", 2, "class B has the base A"),
    ("class A:\n    class str: pass\nclass B(str): pass", 3, "class B has the base str"),
    # exceptions
    ("try:\n    pass\nexcept:\n    pass", 3, "bare except:, interrupts too; write `except Exception:`"),
    (
        "try:\n    pass\nexcept BaseException:\n    pass",
        3,
        "uses BaseException, which a policy may neither raise nor catch",
    ),
    ("try:\n    pass\nexcept (KeyError, GeneratorExit):\n    pass", 3, "uses GeneratorExit"),
    ("x = 1\nraise SystemExit(0)", 2, "uses SystemExit, .*; write Exception or a kind of it, as ValueError"),
    ("raise KeyboardInterrupt", 1, "uses KeyboardInterrupt"),
    ("raise ExceptionGroup('x', [])", 1, "uses ExceptionGroup"),
    ("class A:\n    def __del__(self): pass", 2, "makes the private name '__del__'; methods with two _ may be"),
    ("class A:\n    __array_interface__ = {}", 2, "makes the private name '__array_interface__'"),
    ("class A:\n    @property\n    def __array_interface__(self): pass", 3, "__array_interface__"),
    ("class A:\n    def __getattr__(self, name): pass", 2, "__getattr__"),
    ("def _fastheur_loop(): pass", 1, "belongs to the harness"),
    ("async def f(): pass", 1, "is asynchronous"),
    ("def f():\n    global __builtins__", 2, "makes the private name"),
    ("try:\n    pass\nexcept ValueError as __build_class__:\n    pass", 3, "makes the private name"),
    # sizes and characters
    ("x = 1\ny = 10**10**10", 2, "more than 400 digits"),
    ("x = 2 ** 5000", 1, "more than 400 digits"),
    ("x = 1 << 10**6", 1, "more than 400 digits"),
    ("x = (10**300) * (10**300)", 1, "more than 400 digits"),
    ("x = 0x" + "f" * 380, 1, "more than 400 digits"),
    ("x = 'a' * 10**9", 1, "repeats a literal 1,000,000,000 times"),
    ("x = 10**12 * [0]", 1, "repeats a literal"),
    ("x = '" + "a" * 70_000 + "'", 1, "text of 70,000 characters"),
    ("x = 1\0", 1, "the character '\\\\x00'"),
    ("\ufeffx = 1", 1, "save the file as plain UTF-8"),
    ("x = 1\ny = 2  # \u202e", 2, "the character '\\\\u202e'"),
    ("# coding: rot13\nx = 1", 1, "the encoding 'rot13', expected utf-8"),
    ("x = (\n" + "[" * 60 + "]" * 60 + ")", 2, "brackets nested more than 50 deep"),
    ("x = 'abc", 1, "a string that does not end"),
    ("x = )", 1, "syntax error"),
]


@pytest.mark.parametrize("source, line, message", REFUSED)
def test_what_leads_out_is_refused_with_its_line(source, line, message):
    with pytest.raises(PolicyError, match=message) as caught:
        check(source, "p.py")
    assert caught.value.line == line and str(caught.value).startswith(f"p.py, line {line}: ")
    assert len(str(caught.value)) < 900


ALLOWED = [
    "from __future__ import annotations\nimport math\nx = math.pi + math.hypot(3, 4)",
    NP + "x = np.zeros((3, 4), np.uint8)[..., None]\ny = np.maximum.accumulate(x)\nz = np.linalg.norm(y) + np.inf",
    "from numpy import linalg\nx = linalg.norm([1.0])",
    "from numpy import zeros, float64\nx = zeros(3, float64)",
    NP + "x = np.r_[1:3], np.mgrid[0:2], np.newaxis, np.pi, np.fft.rfft([1.0])",
    NP + "with np.errstate(all='ignore'):\n    x = np.float64(1) / 0",
    NB
    + "@numba.njit\ndef f(x):\n    return x\n@numba.njit(nogil=True, inline='never', error_model='numpy')\ndef g(x):\n    return x\n"
    "def h(x):\n    return x\nk = numba.njit(h)",
    "from numba import njit, prange, types\ng = njit(lambda x: types.int64(x))\nfor i in prange(3):\n    pass",
    "import cv2\nx = cv2.cvtColor(y, cv2.COLOR_RGB2GRAY)\nk = cv2.KalmanFilter(4, 2)\nk.predict()",
    "from fastheur import policy, vision\nP = {'a': policy.Param(1)}\nx = vision.centroid(o, 1, 2, 3, 0, 1, 0, 1)",
    "import fastheur.policy\nx = fastheur.policy.Param(1)",
    "import fastheur.vision as v\nx = v.count_colour",
    "def f():\n    import math\n    return math.sqrt(2)",
    "def f(obs, dir, id):\n    input = dir + id\n    return input",
    "def f(hash):\n    def g():\n        return hash\n    return [hash for x in g()]",
    "def f():\n    type = 3\n    return type + 1",
    "class A:\n    _table = (1, 2)\n    def __init__(self):\n        self._x = A._table[0]\n    def _get(self):\n        return self._x\n"
    "    def get(self):\n        return self._get()",
    "class A:\n    pass\nclass B(A):\n    __slots__ = ('x',)\n    def __init__(self):\n        super().__init__()\n"
    "    def __eq__(self, other):\n        return self is other",
    "try:\n    raise ValueError('x')\nexcept (ValueError, KeyError) as error:\n    print(error)",
    "def act(obs, info, state, params):\n    return state.base + params.data + info.flags + state.format",
    "x = [i * j for i in range(3) for j in range(i) if i % 2] + sorted({1: 2}.items(), key=lambda e: e[1])",
    "x = '{:.2f} {name}'.format(3.0, name='a')\ny = f'{x!r:>10} {3:{4}}'\nz = '%d' % 3",
    "match (1, 2):\n    case (a, 2) if a > 0:\n        x = a\n    case {'k': v, **rest}:\n        x = v\n"
    "    case int(real=r) | r:\n        x = r",
    "def f(x, /, *rest, key=1, **more):\n    global y\n    y = (z := len(rest))\n    del more['a']\n    yield from rest",
    "x = getattr(3, 'real') + hasattr(3, 'imag')\nsame = type(x) is int",
    "from fastheur.policy import Param\nPARAMS = {'a': Param(1)}\n"
    "PARAMS['a'] = type(PARAMS['a'])(2, PARAMS['a'].low, PARAMS['a'].high, PARAMS['a'].choices)",
    "if __name__ == '__main__':\n    print('by hand')",
    "x = 10**9 + 2**64 - (1 << 63) + 0xffffffffffffffff + 1e300 * 10.0**200\ny = [0] * 128 + [1, 2] * 3",
    "größe = 3\nt = 'Ungewöhnlich, aber erlaubt: → ∑ 🙂'",
    "text = '''\n((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((\n'''  # ((((((((((\nr = r'\\(' + \"'\"",
    "x = 1 + \\\n    2\r\ny = 3\r\n",
    "state_f = 1\ndef f(state):\n    return state.f_gain + state.co_x + state.tb_y + state.gi_z",
    "@staticmethod\ndef f():\n    assert isinstance(3, (int, float)), 'no'\n    return None",
    "while True:\n    break\nelse:\n    pass\nx: int = 3\nx += 1",
    "",
]


@pytest.mark.parametrize("source", ALLOWED)
def test_plain_code_passes(source):
    assert isinstance(check(source, "p.py"), ast.Module)


def test_long_sums_and_chains_within_the_limit_pass_and_deeper_ones_are_refused():
    check("x = " + "+".join(["y"] * (MAX_DEPTH - 20)), "p.py")
    check("if 1:\n    pass\n" + "elif 1:\n    pass\n" * (MAX_DEPTH - 20), "p.py")
    with pytest.raises(PolicyError, match="line 2: nested more than 200 deep"):
        check("x = 1\nx = " + "+".join(["y"] * 300), "p.py")
    check("x = [" + "1.5, " * 50_000 + "]", "p.py")


PASSING = {"joined strings", "comments", "many f-strings", "marked words", "arguments", "decorators"}


def test_no_text_crashes_or_hangs_the_interpreter_that_checks_it():
    program = [sys.executable, "-W", "ignore", hostile_texts.__file__]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(program, capture_output=True, text=True, timeout=100, env=environment)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
    ends = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert list(ends) == list(hostile_texts.TEXTS)
    assert {name for name, end in ends.items() if end == "passed"} == PASSING
    assert all(int(end.split()[2]) < 600 for end in ends.values() if end != "passed")


def test_a_file_that_was_never_utf_8_text_is_refused_before_anything_reads_it():
    for source in ("\ud800", "x = '\udcff'", "x\x1b[2J"):
        with pytest.raises(PolicyError, match="line 1: the character"):
            check(source, "p.py")
