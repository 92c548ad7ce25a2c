"""The backward pass of iterative LQG: from a linear model of the motion around a plan to a better plan with feedback.

Tassa, Mansard & Todorov 2014, "Control-limited differential dynamic programming", with Gauss-Newton costs. Loops in place of
BLAS: the results do not depend on the machine's library, nor a slot's on the others.
"""

from typing import Any

import numba
import numpy as np


@numba.njit
def backward(moves: Any, pushes: Any, misses: Any, by_state: Any, by_action: Any, room: Any, damping: Any) -> Any:
    """Return changes of the actions (n, H, motors) and feedback gains (n, H, motors, N) that lower the cost.

    The cost is half the sum of squares of the misses over the horizon.

    Args:
        moves, pushes: derivatives of the next state by state (n, H, N, N) and by action (n, H, N, motors).
        misses: (n, H, R). by_state, by_action: their derivatives, (n, H, R, N) and (n, H, R, motors).
        room: (n, H, 2, motors), the least (at most 0) and the largest (at least 0) change of each action.
        damping: (n,), added to the curvature of the cost by the actions: the more, the smaller the changes.
    """
    n, horizon, size, motors = pushes.shape
    changes, gains = np.zeros((n, horizon, motors)), np.zeros((n, horizon, motors, size))
    for row in range(n):
        slope, curve = np.zeros(size), np.zeros((size, size))
        for step in range(horizon - 1, -1, -1):
            a, b = moves[row, step], pushes[row, step]
            jx, ju, miss = by_state[row, step], by_action[row, step], misses[row, step].copy().reshape(-1, 1)
            tail = slope.reshape(-1, 1)
            ahead_x, ahead_u = _product(curve, a), _product(curve, b)
            qx, qu = (_turned(jx, miss) + _turned(a, tail))[:, 0], (_turned(ju, miss) + _turned(b, tail))[:, 0]
            qxx = _turned(jx, jx) + _turned(a, ahead_x)
            qux = _turned(ju, jx) + _turned(b, ahead_x)
            quu = _turned(ju, ju) + _turned(b, ahead_u)
            damped = quu.copy()
            for motor in range(motors):
                damped[motor, motor] += damping[row]
            change = _within(damped, qu, room[row, step, 0], room[row, step, 1])
            held = (change <= room[row, step, 0]) | (change >= room[row, step, 1])
            gain = _feedback(damped, qux, held)
            changes[row, step], gains[row, step] = change, gain
            column = change.copy().reshape(-1, 1)
            push = _product(quu, column)[:, 0] + qu
            slope = qx + _turned(gain, push.reshape(-1, 1))[:, 0] + _turned(qux, column)[:, 0]
            cross = _turned(gain, qux)
            curve = qxx + _turned(gain, _product(quu, gain)) + cross + cross.T
            curve = 0.5 * (curve + curve.T)
    return changes, gains


@numba.njit
def _within(curve: Any, slope: Any, low: Any, high: Any) -> Any:
    """Return the change within bounds that minimises ``change @ curve @ change / 2 + slope @ change``, motor by motor."""
    change = np.zeros(len(slope))
    for _ in range(50):
        most = 0.0
        for motor in range(len(slope)):
            pull = slope[motor]
            for other in range(len(slope)):
                pull += curve[motor, other] * change[other]
            value = min(high[motor], max(low[motor], change[motor] - pull / curve[motor, motor]))
            most = max(most, abs(value - change[motor]))
            change[motor] = value
        if most < 1e-7:
            break
    return change


@numba.njit
def _feedback(curve: Any, cross: Any, held: Any) -> Any:
    """Return ``-inverse(curve) @ cross`` over the motors that are not held at a bound, by Cholesky; 0 for the held ones."""
    motors, size = cross.shape
    root, out = np.zeros((motors, motors)), np.zeros((motors, size))
    for i in range(motors):
        if held[i]:
            continue
        for j in range(i + 1):
            if held[j]:
                continue
            part = curve[i, j]
            for m in range(j):
                part -= root[i, m] * root[j, m]
            root[i, j] = np.sqrt(max(part, 1e-12)) if i == j else part / root[j, j]
        out[i] = -cross[i]
        for j in range(i):
            out[i] -= root[i, j] * out[j]
        out[i] /= root[i, i]
    for i in range(motors - 1, -1, -1):
        if held[i]:
            continue
        for j in range(i + 1, motors):
            out[i] -= root[j, i] * out[j]
        out[i] /= root[i, i]
    return out


@numba.njit
def _product(left: Any, right: Any) -> Any:
    out = np.zeros((left.shape[0], right.shape[1]))
    for i in range(left.shape[0]):
        for m in range(left.shape[1]):
            weight = left[i, m]
            if weight != 0.0:
                for j in range(right.shape[1]):
                    out[i, j] += weight * right[m, j]
    return out


@numba.njit
def _turned(left: Any, right: Any) -> Any:
    """Return ``left.T @ right``."""
    out = np.zeros((left.shape[1], right.shape[1]))
    for m in range(left.shape[0]):
        for i in range(left.shape[1]):
            weight = left[m, i]
            if weight != 0.0:
                for j in range(right.shape[1]):
                    out[i, j] += weight * right[m, j]
    return out
