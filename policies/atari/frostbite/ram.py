"""Frostbite: plans by dynamic programming over time, row and place on the floe (160 frames ahead, floes and animals
moving on at their measured speeds), jumps to white floes, stays clear of animals, and enters the finished igloo.
From the fourth level on a bear walks the shore: the player lands near the door when it has passed.
It does not hunt fish and does not turn floes round with FIRE.
"""
import numpy as np
from fastheur.policy import Param, uniform
OBS = "ram"
TASK = "atari/frostbite"
STATE = [("last", "f8", (9,)), ("speed", "f8", (9,)), ("seen", "i8", (9,)), ("last_y", "i8"), ("still", "i8"), ("flight", "i8"),
         ("goal", "i8"), ("row", "i8"), ("rel", "f8"), ("best", "f8"), ("pressed", "i8"), ("bear", "f8"), ("bear_v", "f8")]
PARAMS = {"band": Param(12.0, 3.0, 20.0), "door": Param(124.0, 100.0, 140.0), "margin": Param(9.0, 4.0, 30.0),
          "walk": Param(0.5, 0.2, 2.0), "glide": Param(0.3, 0.0, 2.0)}
Y = 100
X = 102
IGLOO = 77
LEVEL = 75
BEAR = 104
TICKS = 40
JUMP = 7


def floe(obs, state, r, t):
    if r == 0:
        return 0.0
    return float(obs[35 - r]) + state.speed[r] * 4.0 * t


def solid(obs, r, u, band):
    # is there ice under the player, u from the first floe of the row
    if r == 0:
        return True
    if u > 130.0:
        u -= 160.0
    if int(obs[LEVEL]) == 1 or int(obs[LEVEL]) == 3:
        return -9.0 <= u <= 76.0
    d = u - 1.0
    k = 0.0
    if d > 48.0:
        k = 2.0
    elif d > 16.0:
        k = 1.0
    return abs(d - 32.0 * k) <= band


def bitten(obs, state, r, x, t, margin):
    # would an animal of row r touch a player at x, t ticks from now
    if r == 0:
        return False
    e = float(obs[88 - r])
    kind = int(obs[92 - r]) & 7
    n = 1
    gap = 32.0
    if kind == 1 or kind == 2 or kind == 4:
        n = 2
    elif kind == 3 or kind == 6:
        n = 3
    if kind == 1 or kind == 3:
        gap = 16.0
    if kind == 4:
        gap = 64.0
    if e < 1.0 and state.speed[4 + r] == 0.0:
        return False
    v = state.speed[4 + r] * 4.0
    for i in range(n):
        d = x + 2.0 - (e + gap * i + v * t)
        if d > 80.0:
            d -= 160.0
        if d < -80.0:
            d += 160.0
        m = margin
        if d * v > 0.0:
            m += 3.0
        if abs(d) < m:
            return True
    return False


def value(V, r, t, u):
    if t > TICKS:
        t = TICKS
    a = int(u) % 160
    b = (a + 3) % 160
    c = (a + 157) % 160
    return (2.0 * V[r, t, a] + V[r, t, b] + V[r, t, c]) * 0.25


def bear_safe(obs, state, x, t, door):
    # the way to the door is free of the bear for a player who is on the shore at x, t frames from now
    if int(obs[LEVEL]) < 3:
        return True
    b = float(obs[BEAR])
    v = 0.38 if state.bear_v > 0.0 else -0.38
    now = float(obs[X])
    if v > 0.0:
        top = max(b, now + 10.0)
        b += v * t
        if b > top:
            b = 2.0 * top - b
    else:
        low = min(b, now - 14.0)
        b += v * t
        if b < low:
            b = 2.0 * low - b
    way = abs(door - x) * 2.0
    if x >= door - 2.0:
        return b >= x + 7.0 or (b < x - 15.0 - 0.2 * (x - door) and b + 0.38 * way < door - 15.0)
    return b < x - 16.0 or b - 0.38 * way > door + 7.0


def plan(obs, state, params, V, G, done):
    # V[row, tick, u]: what can still be had; G: action class taken first at tick 0
    white = np.zeros(5)
    ok = np.zeros((5, 160))
    for r in range(5):
        if r > 0 and int(obs[47 - r]) == 12 and not done:
            white[r] = 1.0
        for u in range(160):
            if solid(obs, r, float(u), params.band):
                ok[r, u] = 1.0
    if done:
        white[0] = 2.0
    for t in range(TICKS, -1, -1):
        for r in range(5):
            f = floe(obs, state, r, float(t))
            for u in range(160):
                if ok[r, u] == 0.0:
                    V[r, t, u] = -3.0
                    continue
                x = (float(u) + f + 320.0) % 160.0
                if r > 0 and (x < 8.0 or x > 150.0):
                    V[r, t, u] = -3.0
                    continue
                if r > 0 and bitten(obs, state, r, x, float(t), params.margin):
                    V[r, t, u] = -3.0
                    continue
                if t == TICKS:
                    V[r, t, u] = 0.0
                    if done and int(obs[LEVEL]) >= 3:
                        V[r, t, u] = -0.01 * abs(x - 128.0)
                    continue
                best = V[r, t + 1, u] * 0.985
                act = 0
                for s in range(-1, 2, 2):
                    w = int(float(u) + s * 4.0 * params.walk + 160.0) % 160
                    q = V[r, t + 1, w] * 0.985 - 0.001
                    if q > best:
                        best = q
                        act = 1 if s > 0 else 2
                if t + JUMP <= TICKS:
                    for d in range(-1, 2, 2):
                        g = r + d
                        if g < 0 or g > 4 or (g == 0 and not done):
                            continue
                        h = floe(obs, state, g, float(t + JUMP))
                        for s in range(-1, 2):
                            if g == 0 and s != (1 if x < params.door else -1):
                                continue
                            nx = x + s * 4.0 * JUMP * params.glide 
                            if nx < 10.0 or nx > 148.0:
                                continue
                            if g > 0 and bitten(obs, state, g, nx, float(t + JUMP - 1), params.margin):
                                continue
                            w = white[g]
                            if g == 0 and not bear_safe(obs, state, nx, 4.0 * (t + JUMP), params.door):
                                w = -2.0
                            q = (value(V, g, t + JUMP, (nx - h + 320.0) % 160.0) + w) * 0.9 - 0.005 * abs(s)
                            if q > best:
                                best = q
                                act = 3 if d < 0 else 4
                V[r, t, u] = best
                if t == 0:
                    G[r, u] = act


def decide(obs, info, state, params):
    y = int(obs[Y])
    x = float(obs[X])
    for r in range(1, 9):
        p = float(obs[35 - r]) if r < 5 else float(obs[88 - r + 4])
        d = p - state.last[r]
        if abs(d) < 8.0:
            state.seen[r] += 1
            state.speed[r] += max(0.025, 1.0 / state.seen[r]) * (d - state.speed[r])
        state.last[r] = p
    b = float(obs[BEAR])
    if abs(b - state.bear) < 5.0:
        state.bear_v += 0.1 * (b - state.bear - state.bear_v)
    state.bear = b
    done = 15 <= int(obs[IGLOO]) < 100
    state.still += 1
    if y != state.last_y:
        state.still = 0
    state.last_y = y
    on = y == 27 or y == 53 or y == 79 or y == 105 or y == 131
    ground = on and state.still >= 4
    row = (y - 27 + 13) // 26
    if info.elapsed % 2 == 1 and state.still != 4 and state.flight < 20:
        return state.pressed
    if state.still > 60 and y != 27 and state.flight == 0 and state.best < -2.9:
        return state.pressed
    V = np.zeros((5, TICKS + 1, 160))
    G = np.zeros((5, 160), dtype=np.int64)
    if ground:
        state.flight = 0
        row = max(0, min(4, row))
        state.row = row
        free = bear_safe(obs, state, x, 0.0, params.door)
        if row == 0 and done and free:
            if x < params.door - 1.0:
                return 3
            if x > params.door + 1.0:
                return 4
            return 2
        plan(obs, state, params, V, G, done)
        u = int((x - floe(obs, state, row, 0.0) + 320.0) % 160.0)
        a = G[row, u]
        if row == 0 and done:
            away = 4 if b > x else 3
            rel = (x - floe(obs, state, 1, float(JUMP))) % 160.0
            near = abs(b + 4.0 - x) < 40.0
            if near and solid(obs, 1, rel, params.band - 2.0):
                state.goal = 1
                return 5
            if near:
                return away
            return 0
        state.rel = float(u)
        state.best = V[row, 0, u]
        if a == 0:
            # drift to the safer side of the place
            return 0
        if a == 1:
            return 3
        if a == 2:
            return 4
        state.goal = row - 1 if a == 3 else row + 1
        return 2 if a == 3 else 5
    state.flight += 1
    left = max(0.0, 28.0 - state.flight)
    if state.goal == 0:
        if x < params.door - 1.0:
            return 3
        return 4 if x > params.door + 1.0 else 0
    plan(obs, state, params, V, G, done)
    t = int((left + 2.0) / 4.0)
    best = -9.0
    pick = 0
    for s in range(-1, 2):
        nx = x + s * left * params.glide 
        q = value(V, state.goal, t, (nx - floe(obs, state, state.goal, left / 4.0) + 320.0) % 160.0) - 0.002 * abs(s)
        if q > best:
            best = q
            pick = s
    state.best = best
    if pick > 0:
        return 3
    if pick < 0:
        return 4
    return 0


def act(obs, info, state, params):
    state.pressed = decide(obs, info, state, params)
    return state.pressed
