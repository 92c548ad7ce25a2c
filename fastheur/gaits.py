"""Building blocks of gaits: oscillators, swing curves, servos, posture, contacts and where to put a foot.

Each is a small function of plain numbers that returns numbers and keeps nothing: what a gait remembers (a phase, a contact)
stands in the policy's ``STATE``. Compiled kernels may call them, functions of the policy that carry their own
``numba.njit`` too, and in debug mode they are plain Python. Angles are in radians; a *step* is one env step.

A hip that swings with the stride and listens to the body::

    state.phase = next_phase(state.phase, params.freq, pitch_speed, params.sync_sin, params.sync_cos)
    wanted = params.mid + ramp(info.elapsed, 20) * wave(state.phase, params.sin, params.cos) + params.lean * pitch
    action[0] = servo(wanted, obs[2], obs[8], params.kp, params.kd)
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import types
from numba.extending import overload

__all__ = [
    "clip",
    "contact",
    "foot_place",
    "in_heading",
    "next_phase",
    "pull_phase",
    "quaternion_tilt",
    "quaternion_yaw",
    "ramp",
    "servo",
    "wave",
    "weighted",
    "wrap",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _kernel_callable(function: _Function) -> _Function:
    """Let compiled code call ``function``; Python goes on calling it as it is."""
    overload(cast(Any, function), jit_options={"nogil": True}, strict=False)(lambda *args, **kwargs: function)
    return function


@_kernel_callable
def clip(value: float, limit: float) -> float:
    """Return ``value`` held within -limit .. limit."""
    return min(limit, max(-limit, value))


@_kernel_callable
def wrap(angle: float) -> float:
    """Return the same direction within -pi .. pi, for angles that count full turns and for differences of angles."""
    return math.atan2(math.sin(angle), math.cos(angle))


@_kernel_callable
def ramp(elapsed: float, steps: float) -> float:
    """Rise smoothly from 0 at ``elapsed`` = 0 to 1 at ``steps`` and stay there (cubic, level at both ends).

    Args:
        elapsed: steps since the start, ``info.elapsed``. steps: more than 0.
    """
    part = min(1.0, max(0.0, elapsed / steps))
    return part * part * (3.0 - 2.0 * part)


@_kernel_callable
def next_phase(
    phase: float, freq: float, signal: float = 0.0, sync_sin: float = 0.0, sync_cos: float = 0.0, most: float = 1.0
) -> float:
    """Return the phase of an oscillator one step later; it counts on beyond 2 pi, one turn being one stride.

    Args:
        phase: now, in rad. freq: rad per step.
        signal: something of the body's motion, such as its pitch speed, that speeds the phase up or holds it back by
            ``signal * (sync_sin * sin(phase) + sync_cos * cos(phase))``: the stride keeps step with the body.
        most: the signal changes the phase by at most so much in one step, in rad.
    """
    pull = signal * (sync_sin * math.sin(phase) + sync_cos * math.cos(phase))
    return phase + (freq + clip(pull, most))


@_kernel_callable
def pull_phase(phase: float, target: float, gain: float) -> float:
    """Return the phase pulled to ``target`` the short way round: by all of the difference at gain 1, by none at 0.

    Done when a foot touches down, it makes the clock agree with the ground.
    """
    return phase + gain * wrap(target - phase)


@_kernel_callable
def wave(
    phase: float,
    sin: float,
    cos: float,
    sin2: float = 0.0,
    cos2: float = 0.0,
    sin3: float = 0.0,
    cos3: float = 0.0,
) -> float:
    """Return a periodic curve at ``phase``: the sum of up to three harmonics, in the unit of the coefficients."""
    first = sin * math.sin(phase) + cos * math.cos(phase)
    second = sin2 * math.sin(2 * phase) + cos2 * math.cos(2 * phase)
    return first + second + sin3 * math.sin(3 * phase) + cos3 * math.cos(3 * phase)


@_kernel_callable
def servo(wanted: float, angle: float, speed: float, kp: float, kd: float, limit: float = 1.0) -> float:
    """Return the torque that drives a joint to an angle: proportional and derivative terms, held within the motor's range.

    Args:
        wanted: angle in rad; it may lie beyond the joint's range, to be pushed towards. angle, speed: of the joint, in rad
            and rad/s. kp, kd: torque per rad and per rad/s. limit: largest torque, in the action's unit.
    """
    return clip(kp * (wanted - angle) - kd * speed, limit)


@_kernel_callable
def quaternion_yaw(w: float, x: float, y: float, z: float) -> float:
    """Return where a body's own x axis points, seen from above: 0 along the world's x, counter-clockwise, -pi .. pi.

    The four numbers are its orientation, a unit quaternion in MuJoCo's order.
    """
    return math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


@_kernel_callable
def quaternion_tilt(w: float, x: float, y: float, z: float) -> tuple[float, float]:
    """Return how far a body's own x axis and its own y axis (its left) point up: sines, each -1 .. 1, 0 when level."""
    return 2 * (x * z - w * y), 2 * (y * z + w * x)


@_kernel_callable
def in_heading(x: float, y: float, yaw: float) -> tuple[float, float]:
    """Turn a vector of the world's ground plane, such as a speed, into its parts forward and to the left of a heading."""
    cos, sin = math.cos(yaw), math.sin(yaw)
    return x * cos + y * sin, y * cos - x * sin


@_kernel_callable
def contact(down: int, doubt: int, touching: bool, hold: int) -> tuple[int, int]:
    """Debounce a contact: believe that it changed when ``hold`` readings in a row say so.

    A touch-down is the step at which ``down`` turns from 0 to 1::

        was = state.down
        state.down, state.doubt = contact(state.down, state.doubt, foot_height < 0.01, 2)
        if state.down > was:
            state.phase = pull_phase(state.phase, 0.0, 0.5)

    Args:
        down: 1 if the foot was believed to be on the ground, else 0. doubt: readings in a row that said otherwise.
        touching: the reading of this step. hold: 1 believes every reading.

    Returns:
        the new ``down`` and ``doubt``, integers.
    """
    if touching == (down > 0):
        return down, 0
    if doubt + 1 < hold:
        return down, doubt + 1
    return 1 - down, 0


@_kernel_callable
def foot_place(speed: float, wanted: float, stance: float, gain: float) -> float:
    """Return how far ahead of the hip a foot should land, in m (M. Raibert, Legged Robots That Balance, 1986).

    At ``speed * stance / 2``, the neutral point, the body's speed stays what it is; further ahead brakes it, further
    back drives it on.

    Args:
        speed, wanted: of the body, in m/s. stance: how long the foot stays on the ground, in s.
        gain: m per m/s of too much speed.
    """
    return speed * stance / 2 + gain * (speed - wanted)


def _unequal(column: str, count: int) -> str:
    return f"weighted: {count} parameters start with {column}_, which is not as many as the numbers seen; give each of them one"


def weighted(params: Any, column: str, seen: Any) -> float:
    """Return a sum of what is seen, weighted by the parameters whose names start with ``column`` and an underscore.

    A law of state feedback has no clock and no wanted postures: each torque is such a sum, with one table of weights per
    contact. With ``PARAMS`` named ``ground_hip_bias``, ``ground_hip_height`` and so on, in the order of ``seen``::

        action[0] = clip(weighted(params, "ground_hip", state.seen), 1.0)

    Args:
        params: of the policy. column: a literal string. seen: float64 (count,), as many as there are such parameters.

    Raises:
        ValueError: the counts differ.
    """
    weights = [getattr(params, name) for name in params if name.startswith(column + "_")]
    if len(weights) != len(seen):
        raise ValueError(_unequal(column, len(weights)))
    total = 0.0
    for weight, value in zip(weights, seen, strict=True):
        total += weight * value
    return total


@overload(weighted, jit_options={"nogil": True}, prefer_literal=True, strict=False)
def _weighted(params: Any, column: Any, seen: Any) -> Any:
    if not isinstance(params, types.Record) or not isinstance(column, types.StringLiteral):
        return None
    names = [name for name in params.fields if name.startswith(column.literal_value + "_")]
    terms = [f"    total += params.{name} * seen[{place}]" for place, name in enumerate(names)]
    check = f"    if len(seen) != {len(names)}:\n        raise ValueError({_unequal(column.literal_value, len(names))!r})\n    total = 0.0"
    scope: dict[str, Any] = {}
    exec("\n".join(["def unrolled(params, column, seen):", check, *terms, "    return total"]), scope)
    return scope["unrolled"]
