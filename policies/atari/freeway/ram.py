"""Freeway: a look ahead over time and height against the ten lanes of cars, each with its known constant speed.

Backward induction over the next 110 frames (up, stay, down; a repeated action with probability 1/4) gives the least
expected time to the other side, a touched car costing a fixed time; its first action is played.
"""
import numpy as np

from fastheur.policy import Param, uniform

OBS = "ram"
STATE = [("hits", "i8"), ("hits2", "i8"), ("last_y", "i8"), ("last", "i8"), ("back", "i8"), ("value", "f8")]
PARAMS = {"left": Param(6.0, 4.0, 20.0), "right": Param(8.0, 4.0, 20.0), "low": Param(11.0, 0.0, 20.0), "high": Param(28.0, 10.0, 32.0)}
Y, CARS, CHICKEN_X, TOP, HORIZON = 14, 108, 44, 178, 110


def speed(lane):
    v = 1.0 / (5 - lane) if lane < 5 else -1.0 / (lane - 4)
    return v


def act(obs, info, state, params):
    y = int(obs[Y])
    blocked = np.zeros((HORIZON + 1, 10), np.bool_)
    for lane in range(10):
        x = float(obs[CARS + lane])
        v = speed(lane)
        for t in range(HORIZON + 1):
            at = (x + v * t - CHICKEN_X + 80.0) % 160.0 - 80.0
            if at > -params.left and at < params.right:
                blocked[t, lane] = True
    if y < state.last_y - 1 and state.last_y < 170 and state.back == 0 and state.last != 2:
        state.back = 1
        lane = min(9, max(0, (state.last_y - 9) // 16))
        state.hits2 = state.hits
        state.hits = (state.hits % 1000000000) * 1000000 + state.last_y * 1000 + int(obs[CARS + lane])
    elif y >= state.last_y:
        state.back = 0
    state.last_y = y
    later = np.zeros((TOP + 2, 3))
    now = np.zeros((TOP + 2, 3))
    cost = np.zeros(TOP + 2)
    for k in range(TOP + 2):
        for a in range(3):
            later[k, a] = TOP - k
    best = 1
    for t in range(HORIZON, 0, -1):
        for k in range(6, TOP + 2):
            cost[k] = later[k, 0]
            if k >= TOP:
                for a in range(3):
                    later[k, a] = 0.0
                continue
            hit = False
            for lane in range(max(0, (k - 30) // 16), min(10, (k - 9) // 16 + 1)):
                if k - 16 * lane >= params.low and k - 16 * lane <= params.high and blocked[t, lane]:
                    hit = True
            if hit:
                for a in range(3):
                    later[k, a] = 60.0 + later[k, a] * 0.9
        for k in range(6, TOP):
            q0 = 1.0 + later[k, 0]
            q1 = 1.0 + later[k + 1, 1]
            q2 = 1.0 + later[max(6, k - 1), 2]
            least = min(q0, min(q1, q2))
            now[k, 0] = 0.75 * least + 0.25 * q0
            now[k, 1] = 0.75 * least + 0.25 * q1
            now[k, 2] = 0.75 * least + 0.25 * q2
            if t == 1 and k == max(6, min(TOP - 1, y)):
                state.value = least
                best = 1 if q1 <= q0 and q1 <= q2 else (0 if q0 <= q2 else 2)
        for k in range(6, TOP):
            for a in range(3):
                later[k, a] = now[k, a]
    state.last = best
    return best
