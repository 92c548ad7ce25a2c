"""Demon Attack: stand under a demon, fire when the shot will meet it, and step out of the shots' columns.

Each frame a few moves (left, stay, right for 4..24 frames) are rolled out against the rows of falling shots (one bit a
column) and low demons; among the safe ones it takes the one that ends nearest the aimed-at place.
"""
from fastheur.policy import Param, uniform

OBS = "ram"
STATE = [("last_x", "f8", (6,)), ("speed", "f8", (6,)), ("still", "i8", (6,)), ("low_row", "i8"), ("row_age", "i8"), ("period", "f8"), ("me", "i8"), ("xs", "i8"), ("ys", "i8"), ("rows", "i8"),
         ("rows2", "i8"), ("want", "f8"), ("danger", "f8"), ("fired", "i8"), ("shot_x", "i8")]
PARAMS = {"lead": Param(0.6, 0.0, 1.5), "margin": Param(2.0, 0.0, 8.0)}
PLAYER, SHOT_X, SHOT_Y, BOMB_X, BOMB_ROWS, LEFT_HALF, RIGHT_HALF, HEIGHT = 16, 22, 21, 20, 37, 13, 17, 69


def position(value):
    fine = value >> 4
    if fine > 7:
        fine -= 16
    return 15 * (value & 15) - fine


def danger(obs, px, t, margin, period):
    """How dangerous x is t frames from now."""
    total = 0.0
    bx = position(int(obs[BOMB_X]))
    for r in range(10):
        bits = int(obs[BOMB_ROWS + r])
        if bits == 0 or t < period * (r - 1) - 2 or t > period * (r + 1) + 2:
            continue
        for b in range(8):
            if (bits >> (7 - b)) & 1:
                x = bx + b
                if x >= px - margin and x <= px + 7 + margin:
                    total += 1.0
                elif x >= px - margin - 3 and x <= px + 10 + margin:
                    total += 0.1
    for i in range(3):
        if int(obs[HEIGHT + i]) < 30:
            for h in range(2):
                x = position(int(obs[(LEFT_HALF if h == 0 else RIGHT_HALF) + i]))
                if x >= px - 9 - margin and x <= px + 8 + margin:
                    total += 1.0
    return total


def act(obs, info, state, params):
    px = position(int(obs[PLAYER]))
    for i in range(6):
        x = float(position(int(obs[LEFT_HALF + i]) if i < 3 else int(obs[RIGHT_HALF + i - 3])))
        d = x - state.last_x[i]
        state.still[i] = state.still[i] + 1 if d == 0 else 0
        if abs(d) < 8:
            state.speed[i] += 0.2 * (d - state.speed[i])
        else:
            state.speed[i] = 0.0
        state.last_x[i] = x
    # how many frames a row of shots takes
    if info.elapsed == 0:
        state.period = 8.0
    low = 0
    while low < 10 and int(obs[BOMB_ROWS + low]) == 0:
        low += 1
    state.row_age += 1
    if low != state.low_row:
        if low == state.low_row - 1 and 2 <= state.row_age <= 10:
            state.period += 0.5 * (state.row_age - state.period)
        state.low_row = low
        state.row_age = 0
    # aim
    want = 70.0
    best = 1e9
    for i in range(3):
        y = int(obs[HEIGHT + i])
        l = state.last_x[i]
        r = state.last_x[3 + i]
        for h in range(2):
            x = l if h == 0 else r
            v = state.speed[i] if h == 0 else state.speed[3 + i]
            if x < 1 or x > 150 or y < 8 or state.still[i + 3 * h] > 20:
                continue
            center = x + 4.0
            if abs(r - l - 8) <= 1:
                center = l + 8.0
            goal = center - 4.0 + params.lead * v * (y - 3) / 3.0
            goal = min(138.0, max(4.0, goal))
            cost = abs(goal - px) + 0.2 * y
            if cost < best:
                best = cost
                want = goal
    state.want = want
    best_cost = 1e9
    move = 0
    for side in range(-1, 2):
        for n in range(4, 28, 4):
            if side == 0 and n > 4:
                continue
            cost = 0.0
            x = float(px)
            for t in range(1, 33):
                if t <= n:
                    x = min(140.0, max(4.0, x + side))
                cost += danger(obs, x, t, params.margin, state.period) * (40.0 - t)
            cost = 10.0 * cost + abs(x - want)
            if side == 0:
                cost -= 1.0
            if cost < best_cost:
                best_cost = cost
                move = side
    state.danger = best_cost
    fire = 0
    if abs(want - px) < 7 and state.fired == 0:
        fire = 1
    state.fired = fire
    state.me = px * 1000 + int(obs[SHOT_Y])
    state.shot_x = position(int(obs[BOMB_X])) * 1000 + position(int(obs[SHOT_X]))
    xs = 0
    ys = 0
    for i in range(3):
        xs = xs * 1000000 + position(int(obs[13 + i])) * 1000 + position(int(obs[17 + i]))
        ys = ys * 1000 + int(obs[69 + i])
    state.xs = xs
    state.ys = ys
    r1 = 0
    r2 = 0
    for i in range(5):
        r1 = r1 * 1000 + int(obs[37 + i])
        r2 = r2 * 1000 + int(obs[42 + i])
    state.rows = r1
    state.rows2 = r2
    if move > 0:
        return 4 if fire else 2
    if move < 0:
        return 5 if fire else 3
    return fire
