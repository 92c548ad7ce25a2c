"""Asterix: eight lanes, one thing moving in each; eat the objects, avoid the lyres.

Every frame it rolls out 24 plans (a target lane and a horizontal direction) against the things' measured speeds
and takes the first action of the best: a plan that touches a lyre loses by how soon, an eaten object gains.
It does not plan beyond one crossing of the screen, and does not know what enters next.
"""
from fastheur.policy import Param, uniform

OBS = "ram"
STATE = [("last_x", "f8", (8,)), ("speed", "f8", (8,)), ("types", "i8"), ("xs", "i8"), ("xs2", "i8"), ("best", "f8"),
         ("plan", "i8"), ("sp0", "f8"), ("kind", "i8")]
PARAMS = {"gap": Param(11.0, 0.0, 30.0), "edge": Param(0.3, 0.0, 3.0)}
LANE, PLAYER_X, THING_X, KIND = 39, 41, 42, 18
HORIZON = 70


def rollout(obs, state, goal, side, gap, edge):
    lane = int(obs[LANE])
    px = float(obs[PLAYER_X])
    value = 0.0
    eaten = 0
    for t in range(1, HORIZON):
        if t % 4 == 0:
            if lane < goal:
                lane += 1
            elif lane > goal:
                lane -= 1
        px = min(128.0, max(24.0, px + 0.9 * side))
        kind = int(obs[KIND - lane])
        x = float(obs[THING_X + lane]) + state.speed[lane] * t
        if x < 5 or x > 142:
            # it leaves; the next thing enters soon from one of the sides
            if px < 36 or px > 118:
                value -= edge
            continue
        if kind == 11 or kind == 12:
            continue
        distance = abs(x - px)
        if kind == 204 or kind == 216:
            if distance < gap:
                return value - 100.0 * (1.0 - t / 100.0)
        elif distance < 7 and (eaten >> lane) & 1 == 0:
            eaten |= 1 << lane
            value += 12.0 - 0.1 * t
    return value - 0.03 * abs(px - 76.0)


def act(obs, info, state, params):
    t = 0
    x1 = 0
    x2 = 0
    for i in range(8):
        x = float(obs[THING_X + i])
        d = x - state.last_x[i]
        if abs(d) < 8:
            state.speed[i] += 0.25 * (d - state.speed[i])
        state.last_x[i] = x
        t = t * 100 + int(obs[KIND - i]) // 12
        if i < 4:
            x1 = x1 * 1000 + int(obs[42 + i])
        else:
            x2 = x2 * 1000 + int(obs[42 + i])
    state.types = t
    state.xs = x1
    state.xs2 = x2
    state.sp0 = state.speed[0]
    for i in range(8):
        k = int(obs[11 + i])
        if k != 11 and k != 12 and k != 204 and k != 216:
            state.kind = k
    lane = int(obs[LANE])
    best = -1e9
    best_goal = lane
    best_side = 0
    for goal in range(8):
        for side in range(-1, 2):
            value = rollout(obs, state, goal, side, params.gap, params.edge) - 0.05 * abs(goal - lane) - 0.02 * abs(side)
            if goal * 3 + side + 1 == state.plan:
                value += 0.3
            if value > best:
                best = value
                best_goal = goal
                best_side = side
    state.best = best
    state.plan = best_goal * 3 + best_side + 1
    up = 1 if best_goal < lane else 0
    down = 1 if best_goal > lane else 0
    if up:
        return 1 if best_side == 0 else (5 if best_side > 0 else 6)
    if down:
        return 4 if best_side == 0 else (7 if best_side > 0 else 8)
    return 0 if best_side == 0 else (2 if best_side > 0 else 3)
