"""What a policy file may use: declared parameters, per-episode state, randomness and preprocessing.

A policy is one self-contained file. *Kernel* style, for one environment, compiled by Numba and run over the batch::

    from fastheur.policy import Param, uniform

    OBS = "ram"                                 # observation mode; "any" for every mode
    STATE = [("last_y", "f8")]                  # fields of `state`, zeroed at every episode start
    PARAMS = {"deadband": Param(2, 0, 8)}       # fields of `params`: default, low, high

    def act(obs, info, state, params):          # discrete: return an integer
        ...
    def act(obs, info, state, params, action):  # continuous or buttons: fill `action`, zeroed before every call
        ...

*Batch* style, for whole NumPy batches: a class ``Policy`` with ``__init__(self, spec, params, random)``,
``reset(self, slots)`` and ``act(self, obs, info, slots)``.

The names ``OBS``, ``TASK``, ``STATE``, ``PARAMS``, ``FRAME``, ``MARKS``, ``act`` and ``Policy`` belong to the contract.
``MARKS`` says where replays draw what the policy believes: ``{"ball": ("ball_x - 48", "ball_y"), "landing": ("landing", None)}``.
``info`` is a record with ``lives``, ``reward`` (of the last step), ``elapsed`` (steps since the reset) and, in VizDoom,
the game variables. In kernels convert bytes with ``int()`` before subtracting: Numba subtracts unsigned values as
unsigned ones.

For robots that walk there is a gait kit, imported from here too (:mod:`fastheur.gaits`): ``next_phase``, ``pull_phase``
(oscillators), ``wave`` (harmonics), ``ramp``, ``servo`` (PD torque), ``clip``, ``wrap``, ``quaternion_yaw``,
``quaternion_tilt``, ``in_heading`` (posture and heading), ``contact`` (touch-down), ``foot_place``, ``weighted`` (state
feedback).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from numba.extending import overload

from fastheur.gaits import (
    clip,
    contact,
    foot_place,
    in_heading,
    next_phase,
    pull_phase,
    quaternion_tilt,
    quaternion_yaw,
    ramp,
    servo,
    wave,
    weighted,
    wrap,
)

__all__ = [
    "Frame",
    "Number",
    "Param",
    "SlotRandom",
    "clip",
    "contact",
    "foot_place",
    "in_heading",
    "next_phase",
    "params_dtype",
    "pull_phase",
    "quaternion_tilt",
    "quaternion_yaw",
    "ramp",
    "servo",
    "state_dtype",
    "uniform",
    "wave",
    "weighted",
    "wrap",
]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)

Number = int | float


@dataclass(frozen=True)
class Param:
    """A tunable parameter: ``Param(default, low, high)`` or ``Param(default, choices=(...))``.

    An int default gives an int64 field, a float default a float64 field. The bounds are inclusive.
    """

    default: Number
    low: Number | None = None
    high: Number | None = None
    choices: tuple[Number, ...] = ()

    @property
    def dtype(self) -> np.dtype:
        """int64 where default and choices are all whole numbers, else float64."""
        whole = all(isinstance(value, (int, np.integer)) for value in (self.default, *self.choices))
        return np.dtype(np.int64 if whole else np.float64)

    def problem(self, value: Any) -> str | None:
        """Say why ``value`` cannot be taken, or return None."""
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            return f"is {value!r}, expected a number"
        if not math.isfinite(value) or abs(float(value)) > np.iinfo(np.int64).max:
            return f"is {value!r}, expected a finite number of at most 64 bits"
        if self.dtype.kind == "i" and value != int(value):
            return f"is {value!r}, expected a whole number"
        if self.choices and value not in self.choices:
            return f"is {value!r}, expected one of {', '.join(map(str, self.choices))}"
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            return f"is {value!r}, expected {self.low} .. {self.high}"
        return None


@dataclass(frozen=True)
class Shade:
    """Colours within inclusive bounds ``(low, high)``: of the channels, 0..255, and of two differences, -255..255.

    Differences tell hues where light and distance change the brightness: ``Shade(red_green=(16, 255))`` is any brown or red.
    """

    red: tuple[int, int] = (0, 255)
    green: tuple[int, int] = (0, 255)
    blue: tuple[int, int] = (0, 255)
    red_green: tuple[int, int] = (-255, 255)
    green_blue: tuple[int, int] = (-255, 255)


@dataclass(frozen=True)
class Frame:
    """Preprocessing that a policy receives in place of the raw frame: ``FRAME = Frame("palette", crop=(32, 196, 8, 152))``.

    Steps are applied in this order: crop, two-frame maximum, format, downsampling, difference.

    Attributes:
        format: ``rgb`` (3, H, W), ``grey`` (H, W), ``palette`` (H, W) index 0..127 of the NTSC palette, ``masks``
            (K, H, W) of 0 and 1 per colour of ``colours`` or entry of ``shades``, or ``components`` (K, most) records
            ``area, top, bottom, left, right, y, x`` of the connected components of each, largest first, area 0 where there
            is none.
        crop: top, bottom, left, right in pixels, half-open; positions are then relative to the crop.
        maximum: take the pixelwise maximum with the previous raw frame (for sprites that flicker).
        downsample: block size (y, x) of the area mean; ``grey`` and ``rgb`` only.
        difference: absolute difference to the previous result; ``grey`` and ``rgb`` only.
        colours: RGB triples for ``masks`` and ``components``. shades: in their place, a :class:`Shade` per plane, or a
            tuple of several that make one plane together.
        every: rows and columns (y, x) of which one is looked at, with ``shades``; positions are then those of the thinned
            frame. most: components kept per plane.
        min_area: components below this many pixels are left out.
    """

    format: str = "rgb"
    crop: tuple[int, int, int, int] | None = None
    maximum: bool = False
    downsample: tuple[int, int] = (1, 1)
    difference: bool = False
    colours: tuple[tuple[int, int, int], ...] = ()
    most: int = 8
    min_area: int = 1
    shades: tuple[Shade | tuple[Shade, ...], ...] = ()
    every: tuple[int, int] = (1, 1)


def uniform(state: Any) -> float:
    """Return the next number of this episode's own random stream, uniform in [0, 1).

    The stream is counter-based (SplitMix64 over a counter, keyed by the episode), so it does not depend on batch size,
    order or threads. ``state`` is the record that ``act`` was given.
    """
    state._draws += np.uint64(1)
    with np.errstate(over="ignore"):
        return float(_split_mix(state._key, state._draws))


def _split_mix(key: Any, counter: Any) -> Any:
    z = key + _GOLDEN * counter
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


_compiled_split_mix = numba.njit(_split_mix)


@overload(uniform)
def _compiled_uniform(state: Any) -> Any:
    """The same for kernels; an overload, so that the plain one works in debug mode."""

    def draw(state: Any) -> Any:
        state._draws += np.uint64(1)
        return _compiled_split_mix(state._key, state._draws)

    return draw


class SlotRandom:
    """Randomness of a batch policy: one counter-based stream per slot, re-keyed at every episode start."""

    def __init__(self, slots: int, draws: npt.NDArray[np.uint64] | None = None) -> None:
        self._key = np.zeros(slots, np.uint64)
        self._draws = np.zeros(slots, np.uint64) if draws is None else draws
        self._draws[:] = 0

    def rekey(self, slots: npt.NDArray[np.integer], keys: Sequence[int]) -> None:
        """Start the streams of ``slots`` anew; called by the harness."""
        self._key[slots] = np.array(keys, np.uint64)
        self._draws[slots] = 0

    def drawn(self, slot: int) -> bool:
        """True if the slot's episode has used its stream."""
        return bool(self._draws[slot])

    def uniform(self, slots: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Return one number in [0, 1) per given slot, each from the slot's own stream. Shape and order of ``slots``."""
        self._draws[slots] += np.uint64(1)
        with np.errstate(over="ignore"):
            return _split_mix(self._key[slots], self._draws[slots])

    def normal(self, slots: npt.NDArray[np.integer], count: int) -> npt.NDArray[np.float64]:
        """Return ``count`` standard normal numbers per given slot, (n, count), each row from the slot's own stream."""
        out = np.empty((len(slots), count))
        pairs = -(-count // 2)
        _normals(self._key[slots], self._draws[slots], out)
        self._draws[slots] += np.uint64(2 * pairs)
        return out


@numba.njit
def _normals(keys: Any, draws: Any, out: Any) -> None:
    """Box & Muller 1958, two numbers of the stream for two normal ones."""
    for row in range(out.shape[0]):
        draw = draws[row]
        for column in range(0, out.shape[1], 2):
            first = _compiled_split_mix(keys[row], draw + np.uint64(1))
            second = _compiled_split_mix(keys[row], draw + np.uint64(2))
            draw += np.uint64(2)
            radius = math.sqrt(-2.0 * math.log(1.0 - first))
            out[row, column] = radius * math.cos(2.0 * math.pi * second)
            if column + 1 < out.shape[1]:
                out[row, column + 1] = radius * math.sin(2.0 * math.pi * second)


def params_dtype(params: Mapping[str, Param]) -> np.dtype:
    """Return the record layout of ``params`` as kernels see it (one unused field where there is none)."""
    return np.dtype(
        [(name, param.dtype) for name, param in params.items()] or [("_none", np.dtype(np.int64))], align=True
    )


def state_dtype(state: Sequence[tuple]) -> np.dtype:
    """Return the record layout of ``state`` with the harness's own fields behind the author's."""
    return np.dtype([*state, ("_key", np.uint64), ("_draws", np.uint64)], align=True)
