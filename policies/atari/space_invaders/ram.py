"""Space Invaders: stand where the shot will meet the nearest column, fire whenever no shot is in the air, dodge bombs.

Moves (left, stay, right for some frames) are rolled out against the two bombs; the safest, then nearest the wanted place.
"""
from fastheur.policy import Param, uniform

import numpy as np

OBS = "ram"
STATE = [("last_y", "f8", (2,)), ("fall", "f8", (2,)), ("last_x", "f8"), ("drift", "f8"), ("age", "i8"), ("jump", "f8"), ("low_x", "f8"), ("high_x", "f8"), ("period", "f8"), ("last_grid", "i8", (6,)),
         ("low", "i8"), ("high", "i8"), ("hit", "i8"), ("want", "f8"), ("danger", "f8"), ("bombs", "i8"), ("shot", "i8"),
         ("grid", "i8"), ("fired", "i8"), ("shot_x", "i8"), ("shot_y", "i8"), ("side", "i8")]
PARAMS = {"row": Param(20.0, 0.0, 60.0), "first": Param(5.0, 0.0, 22.0), "margin": Param(2.0, 0.0, 8.0)}
PLAYER, FLEET_X, FLEET_Y, ROWS, BOMB_Y, BOMB_X, SHOT_Y, SHOT_X = 28, 26, 16, 18, 81, 83, 85, 87


def danger(obs, state, px, t, margin):
    total = 0.0
    for i in range(2):
        y = int(obs[BOMB_Y + i])
        if y > 98:
            continue
        x = int(obs[BOMB_X + i])
        at = y + state.fall[i] * t
        if at > 74 and at < 97 and x >= px + 1 - margin and x <= px + 9 + margin:
            total += 1.0
    return total


def ahead(state, x, t, low, high):
    """The fleet's x in t frames: whole jumps, back at the edges."""
    width = max(1.0, high - low)
    place = (x - low + state.jump * np.floor((state.age + t) / state.period)) % (2.0 * width)
    if place > width:
        place = 2.0 * width - place
    return low + place


def act(obs, info, state, params):
    px = float(obs[PLAYER])
    if info.elapsed == 0:
        state.jump = 1.0
        state.period = 32.0
        state.low = 999
        state.high = -999
        state.fall[0] = 0.5
        state.fall[1] = 0.5
    for i in range(2):
        y = float(obs[BOMB_Y + i])
        d = y - state.last_y[i]
        if 0 <= d <= 3 and y < 98:
            state.fall[i] += 0.1 * (d - state.fall[i])
        state.last_y[i] = y
    fx = float(obs[FLEET_X])
    state.age += 1
    if fx != state.last_x:
        d = fx - state.last_x
        if abs(d) <= 8:
            edge = fx <= state.low_x or fx >= state.high_x
            if edge:
                state.jump = abs(state.jump) if fx <= state.low_x else -abs(state.jump)
            else:
                state.jump = d
            state.period = max(2.0, min(40.0, state.age))
        state.age = 0
        state.last_x = fx
    alive = 0
    for r in range(6):
        bits = int(obs[ROWS + r])
        gone = state.last_grid[r] & ~bits
        if gone != 0:
            for b in range(6):
                if (gone >> b) & 1:
                    off = state.shot_x - int(fx) - 16 * b
                    state.low = min(state.low, off)
                    state.high = max(state.high, off)
                    state.hit = r * 1000000 + b * 100000 + state.shot_y * 100 + int(obs[FLEET_Y])
        state.last_grid[r] = bits
        alive |= bits
    if int(obs[SHOT_Y]) < 90:
        state.shot_x = int(obs[SHOT_X])
        state.shot_y = int(obs[SHOT_Y])
    want = px
    best = 1e9
    first = 0
    while first < 5 and (alive >> first) & 1 == 0:
        first += 1
    last = 5
    while last > 0 and (alive >> last) & 1 == 0:
        last -= 1
    low_x = 23.0 - 16.0 * first
    high_x = 130.0 - 16.0 * last
    state.low_x = low_x
    state.high_x = high_x
    fy = float(obs[FLEET_Y])
    shot_free = 0.0
    if int(obs[SHOT_Y]) < 90:
        shot_free = min(30.0, float(obs[SHOT_Y]))
    strike = False
    for b in range(6):
        if (alive >> b) & 1 == 0:
            continue
        r = 0
        while r < 5 and (int(obs[ROWS + r]) >> b) & 1 == 0:
            r += 1
        flight = max(2.0, 22.0 + 9.5 * r - fy)
        column = params.first + 16.0 * b - 5.0
        if abs(ahead(state, fx, flight, low_x, high_x) + column - px) < 3.2:
            strike = True
        wait = shot_free
        while wait < 200.0:
            goal = ahead(state, fx, flight + wait, low_x, high_x) + column
            if goal > 34 and goal < 119 and abs(goal - px) <= 0.45 * wait + 2.0:
                break
            wait += 3.0
        cost = wait + (params.row + 2.5 * fy) * r
        if b == first or b == last:
            cost -= 10.0
        if wait < 200.0 and cost < best:
            best = cost
            want = goal
    state.want = want
    best_cost = 1e9
    move = 0
    for side in range(-1, 2):
        for n in range(8, 48, 8):
            if side == 0 and n > 8:
                continue
            cost = 0.0
            x = px
            for t in range(1, 61):
                if t <= n:
                    x = min(118.0, max(35.0, x + 0.5 * side))
                cost += danger(obs, state, x, t, params.margin) * (80.0 - t)
            cost = cost * 10.0 + abs(x - want)
            if side == 0:
                cost -= 1.0
            if side == state.side:
                cost -= 0.3
            if cost < best_cost:
                best_cost = cost
                move = side
    state.side = move
    state.danger = best_cost
    fire = 0
    if strike and state.fired == 0:
        fire = 1
    state.fired = fire
    state.bombs = int(obs[81]) * 1000000000 + int(obs[82]) * 1000000 + int(obs[83]) * 1000 + int(obs[84])
    state.shot = int(obs[85]) * 1000000000 + int(obs[87]) * 1000000 + int(obs[26]) * 1000 + int(obs[28])
    g = 0
    for i in range(6):
        g = g * 100 + int(obs[18 + i])
    state.grid = g
    if move > 0:
        return 4 if fire else 2
    if move < 0:
        return 5 if fire else 3
    return fire
