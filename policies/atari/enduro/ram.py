"""Enduro: full throttle; a way through the cars ahead is planned slot by slot and its first leg is steered.

Lanes of the cars come from their sprite places, set against the road's middle at their row (the bend bytes summed up)
and its width there. A backward pass over the seven distance slots finds the way that touches least. It never brakes.
"""
from fastheur.policy import Param, uniform

OBS = "ram"
TASK = "atari/enduro"
STATE = [("goal", "f8"), ("me", "f8"), ("lane", "f8", (9,)), ("worth", "f8", (8, 16)), ("fs", "f8"), ("phase", "f8")]
PARAMS = {"hard": Param(0.34, 0.2, 0.6), "soft": Param(0.5, 0.3, 0.8), "rate": Param(0.024, 0.01, 0.04),
          "centre": Param(0.1, 0.0, 1.0), "cap": Param(130.0, 60.0, 130.0)}

CAR_X, CAR_KIND, ROAD, BEND, SPEED, PHASE, SHIFT = 3, 27, 46, 72, 22, 25, 23
NODES, STEP = 11, 0.1
ROW = (165.0, 151.0, 126.0, 105.0, 88.0, 76.0, 66.0, 60.0)


def signed(v):
    return v - 256 if v > 127 else v


def danger(d, hard, soft):
    d = abs(d)
    if d < hard:
        return 10.0 - 5.0 * d
    if d < soft:
        return 2.0 * (soft - d) / (soft - hard)
    return 0.0


def act(obs, info, state, params):
    e = signed(int(obs[ROAD]))
    me = (-2.5 - 1.6 * e) / 50.0
    state.me = me
    phase = int(obs[PHASE]) / 256.0
    turned = phase - state.phase
    state.phase = phase
    if turned > 0.5:
        for k in range(7):
            state.lane[k] = state.lane[k + 1]
    elif turned < -0.5:
        for k in range(7, 0, -1):
            state.lane[k] = state.lane[k - 1]
    elif int(obs[SHIFT]) != 0:
        for k in range(7):
            state.lane[k] = 9.0
            if int(obs[CAR_KIND + k]) > 0:
                b = int(obs[CAR_X + k])
                x = 15 * (b & 15) - (signed(b) >> 4) + 19 + (5 if k == 0 else 3 if k == 1 else 0)
                row = ROW[k] + (ROW[k + 1] - ROW[k]) * phase
                n = (152.0 - row) / 4.0
                middle = 88.0 + 1.05 * e
                for i in range(26):
                    if i < n:
                        middle += 0.275 * (signed(int(obs[BEND + i])) - 8) * min(1.0, n - i)
                state.lane[k] = (x - middle) / (0.5 * (row - 53.0))
    state.lane[7] = 9.0
    speed = float(obs[SPEED])
    frames = 256.0 / (0.82 * max(abs(speed - 24.0), 12.0))
    state.fs = frames
    reach = params.rate * frames + 0.05
    for j in range(NODES):
        state.worth[7, j] = params.centre * abs(j - 5) * STEP
    for k in range(6, 0, -1):
        lane = state.lane[k]
        after = state.lane[k + 1]
        for j in range(NODES):
            p = (j - 5) * STEP
            best = 1e9
            for i in range(NODES):
                q = (i - 5) * STEP
                if abs(p - q) <= reach or i == j:
                    c = state.worth[k + 1, i] + 0.3 * abs(p - q)
                    c += danger(p + 0.4 * (q - p) - lane, params.hard, params.soft)
                    c += danger(p + 0.6 * (q - p) - after, params.hard, params.soft)
                    best = min(best, c)
            state.worth[k, j] = best + danger(p - lane, params.hard, params.soft)
    best = 1e9
    goal = 0.0
    left = (phase + 0.1) * frames * params.rate + 0.05
    for j in range(NODES):
        p = (j - 5) * STEP
        d = abs(p - me)
        c = state.worth[1, j] + 0.3 * d + 20.0 * max(0.0, d - left)
        if phase > 0.35:
            c += danger(me + 0.4 * (p - me) - state.lane[0], params.hard, params.soft)
        if phase < 0.45:
            c += danger(me + 0.5 * (p - me) - state.lane[1], params.hard, params.soft)
        if c < best:
            best = c
            goal = p
    state.goal = goal
    fast = speed > params.cap
    if goal > me + 0.04:
        return 2 if fast else 7
    if goal < me - 0.04:
        return 3 if fast else 8
    return 0 if fast else 1
