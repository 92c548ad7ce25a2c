"""The backward pass of iterative LQG: from a linear model of the motion around a plan to a better plan with feedback.

Tassa, Mansard & Todorov 2014, "Control-limited differential dynamic programming", with Gauss-Newton costs. Loops in place of
BLAS: the results do not depend on the machine's library, nor a slot's on the others.
"""

from libc.math cimport fabs, fmax, fmin, sqrt
from libc.string cimport memset

import numpy as np

cdef int SWEEPS = 50
cdef double CLOSE = 1e-7
cdef double LEAST = 1e-12


cdef struct Scratch:  # matrices by rows; N state numbers, M motors, R misses
    double* slope  # N
    double* curve  # N, N
    double* ahead_x  # N, N
    double* ahead_u  # N, M
    double* qx  # N
    double* qu  # M
    double* qxx  # N, N
    double* qux  # M, N
    double* quu  # M, M
    double* damped  # M, M
    double* root  # M, M
    double* push  # M
    double* mixed  # M, N


def backward(moves, pushes, misses, by_state, by_action, room, damping):
    """Return changes of the actions (n, H, motors) and feedback gains (n, H, motors, N) that lower the cost.

    The cost is half the sum of squares of the misses over the horizon. All arrays are float64.

    Args:
        moves, pushes: derivatives of the next state by state (n, H, N, N) and by action (n, H, N, motors).
        misses: (n, H, R). by_state, by_action: their derivatives, (n, H, R, N) and (n, H, R, motors).
        room: (n, H, 2, motors), the least (at most 0) and the largest (at least 0) change of each action.
        damping: (n,), added to the curvature of the cost by the actions: the more, the smaller the changes.

    Raises:
        ValueError: shapes that do not fit one another.
    """
    n, horizon, size, motors = pushes.shape
    count = misses.shape[2]
    parts = {
        "moves": (moves, (n, horizon, size, size)),
        "misses": (misses, (n, horizon, count)),
        "by_state": (by_state, (n, horizon, count, size)),
        "by_action": (by_action, (n, horizon, count, motors)),
        "room": (room, (n, horizon, 2, motors)),
        "damping": (damping, (n,)),
    }
    for name, (part, shape) in parts.items():
        if part.shape != shape:
            raise ValueError(f"Found {name} of shape {part.shape}; expected {shape} beside pushes of {pushes.shape}.")
    changes, gains = np.zeros((n, horizon, motors)), np.zeros((n, horizon, motors, size))
    if changes.size and count:
        _all(
            *(np.ascontiguousarray(part, np.float64) for part in (moves, pushes, misses, by_state, by_action, room)),
            np.ascontiguousarray(damping, np.float64), changes, gains,
            np.empty(size * (2 + 3 * size) + size * motors * 3 + motors * (2 + 3 * motors)),
        )
    return changes, gains


def _all(
    const double[:, :, :, ::1] moves, const double[:, :, :, ::1] pushes, const double[:, :, ::1] misses,
    const double[:, :, :, ::1] by_state, const double[:, :, :, ::1] by_action, const double[:, :, :, ::1] room,
    const double[::1] damping, double[:, :, ::1] changes, double[:, :, :, ::1] gains, double[::1] memory,
):
    cdef Py_ssize_t row, step, n = pushes.shape[0], horizon = pushes.shape[1]
    cdef Py_ssize_t size = pushes.shape[2], motors = pushes.shape[3], count = misses.shape[2]
    cdef Scratch s
    cdef double* start = &memory[0]
    with nogil:
        s.slope = start
        s.qx = s.slope + size
        s.curve = s.qx + size
        s.ahead_x = s.curve + size * size
        s.qxx = s.ahead_x + size * size
        s.ahead_u = s.qxx + size * size
        s.qux = s.ahead_u + size * motors
        s.mixed = s.qux + size * motors
        s.qu = s.mixed + size * motors
        s.push = s.qu + motors
        s.quu = s.push + motors
        s.damped = s.quu + motors * motors
        s.root = s.damped + motors * motors
        for row in range(n):
            memset(s.slope, 0, size * sizeof(double))
            memset(s.curve, 0, size * size * sizeof(double))
            for step in range(horizon - 1, -1, -1):
                _step(
                    &s, size, motors, count, &moves[row, step, 0, 0], &pushes[row, step, 0, 0], &misses[row, step, 0],
                    &by_state[row, step, 0, 0], &by_action[row, step, 0, 0], &room[row, step, 0, 0],
                    &room[row, step, 1, 0], damping[row], &changes[row, step, 0], &gains[row, step, 0, 0],
                )


cdef void _step(
    Scratch* s, Py_ssize_t size, Py_ssize_t motors, Py_ssize_t count, const double* a, const double* b,
    const double* miss, const double* jx, const double* ju, const double* low, const double* high, double damping,
    double* change, double* gain,
) noexcept nogil:
    """Fill one step's change (motors,) and gain (motors, N), and bring slope and curve of the cost to go back by it."""
    cdef Py_ssize_t i, j
    cdef double middle
    _clear(s.ahead_x, size * size)
    _add_product(s.curve, a, s.ahead_x, size, size, size)
    _clear(s.ahead_u, size * motors)
    _add_product(s.curve, b, s.ahead_u, size, size, motors)
    _clear(s.qx, size)
    _add_turned(jx, miss, s.qx, count, size, 1)
    _add_turned(a, s.slope, s.qx, size, size, 1)
    _clear(s.qu, motors)
    _add_turned(ju, miss, s.qu, count, motors, 1)
    _add_turned(b, s.slope, s.qu, size, motors, 1)
    _clear(s.qxx, size * size)
    _add_turned(jx, jx, s.qxx, count, size, size)
    _add_turned(a, s.ahead_x, s.qxx, size, size, size)
    _clear(s.qux, motors * size)
    _add_turned(ju, jx, s.qux, count, motors, size)
    _add_turned(b, s.ahead_x, s.qux, size, motors, size)
    _clear(s.quu, motors * motors)
    _add_turned(ju, ju, s.quu, count, motors, motors)
    _add_turned(b, s.ahead_u, s.quu, size, motors, motors)
    for i in range(motors):
        for j in range(motors):
            s.damped[i * motors + j] = s.quu[i * motors + j] + (damping if i == j else 0.0)
    _within(s.damped, s.qu, low, high, change, motors)
    _feedback(s.damped, s.qux, low, high, change, s.root, gain, motors, size)
    for i in range(motors):
        s.push[i] = s.qu[i]
    _add_product(s.quu, change, s.push, motors, motors, 1)
    for i in range(size):
        s.slope[i] = s.qx[i]
    _add_turned(gain, s.push, s.slope, motors, size, 1)
    _add_turned(s.qux, change, s.slope, motors, size, 1)
    # curve = qxx + gain' quu gain + gain' qux + qux' gain, kept symmetric
    for i in range(motors * size):
        s.mixed[i] = s.qux[i]
    _add_product(s.quu, gain, s.mixed, motors, motors, size)
    _add_turned(gain, s.mixed, s.qxx, motors, size, size)
    _add_turned(s.qux, gain, s.qxx, motors, size, size)
    for i in range(size):
        for j in range(i + 1):
            middle = 0.5 * (s.qxx[i * size + j] + s.qxx[j * size + i])
            s.curve[i * size + j] = middle
            s.curve[j * size + i] = middle


cdef void _within(
    const double* curve, const double* slope, const double* low, const double* high, double* change, Py_ssize_t motors
) noexcept nogil:
    """Fill the change within bounds that minimises ``change @ curve @ change / 2 + slope @ change``, motor by motor."""
    cdef Py_ssize_t motor, other
    cdef double most, pull, value
    cdef int sweep
    for sweep in range(SWEEPS):
        most = 0.0
        for motor in range(motors):
            pull = slope[motor]
            for other in range(motors):
                pull += curve[motor * motors + other] * change[other]
            value = fmin(high[motor], fmax(low[motor], change[motor] - pull / curve[motor * motors + motor]))
            most = fmax(most, fabs(value - change[motor]))
            change[motor] = value
        if most < CLOSE:
            break


cdef void _feedback(
    const double* curve, const double* cross, const double* low, const double* high, const double* change,
    double* root, double* gain, Py_ssize_t motors, Py_ssize_t size,
) noexcept nogil:
    """Fill ``-inverse(curve) @ cross`` over the motors that are not held at a bound, by Cholesky; 0 for the held ones."""
    cdef Py_ssize_t i, j, m
    cdef double part
    for i in range(motors):
        if _held(low, high, change, i):
            _clear(gain + i * size, size)
            continue
        for j in range(i + 1):
            if _held(low, high, change, j):
                continue
            part = curve[i * motors + j]
            for m in range(j):
                if not _held(low, high, change, m):
                    part -= root[i * motors + m] * root[j * motors + m]
            root[i * motors + j] = sqrt(fmax(part, LEAST)) if i == j else part / root[j * motors + j]
        for m in range(size):
            gain[i * size + m] = -cross[i * size + m]
        for j in range(i):
            if not _held(low, high, change, j):
                _add(gain + i * size, gain + j * size, -root[i * motors + j], size)
        _scale(gain + i * size, 1.0 / root[i * motors + i], size)
    for i in range(motors - 1, -1, -1):
        if _held(low, high, change, i):
            continue
        for j in range(i + 1, motors):
            if not _held(low, high, change, j):
                _add(gain + i * size, gain + j * size, -root[j * motors + i], size)
        _scale(gain + i * size, 1.0 / root[i * motors + i], size)


cdef inline bint _held(const double* low, const double* high, const double* change, Py_ssize_t motor) noexcept nogil:
    return change[motor] <= low[motor] or change[motor] >= high[motor]


cdef inline void _clear(double* out, Py_ssize_t count) noexcept nogil:
    memset(out, 0, count * sizeof(double))


cdef inline void _scale(double* out, double factor, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(count):
        out[i] *= factor


cdef inline void _add(double* out, const double* values, double weight, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(count):
        out[i] += weight * values[i]


cdef void _add_product(
    const double* left, const double* right, double* out, Py_ssize_t rows, Py_ssize_t inner, Py_ssize_t columns
) noexcept nogil:
    """Add ``left @ right``."""
    cdef Py_ssize_t i, m
    for i in range(rows):
        for m in range(inner):
            if left[i * inner + m] != 0.0:
                _add(out + i * columns, right + m * columns, left[i * inner + m], columns)


cdef void _add_turned(
    const double* left, const double* right, double* out, Py_ssize_t inner, Py_ssize_t rows, Py_ssize_t columns
) noexcept nogil:
    """Add ``left.T @ right``."""
    cdef Py_ssize_t i, m
    for m in range(inner):
        for i in range(rows):
            if left[m * rows + i] != 0.0:
                _add(out + i * columns, right + m * columns, left[m * rows + i], columns)
