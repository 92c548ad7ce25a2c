"""Stands below the nearest bird and fires when a shot would meet one, diving birds first.

Steps out of the way of bombs by rolling out seven plans; raises the shield when none is safe. Below the mother ship it
stays at the middle and fires; against the big birds it sweeps and fires. It does not know the eggs. 
"""
OBS = "ram"
TASK = "atari/phoenix"
STATE = [("tick", "i8"), ("old", "i8", (8,)), ("vel", "f8", (8,)), ("sweep", "i8"), ("shield", "i8"), ("risk", "f8")]
PLAYER = 94
BIRD_X = 99
BIRD_STATE = 27
BOMB_Y = 58
BOMB_X = 85
DIVE_Y = 12
MOTHER = 147.0


def alive(obs, i):
    s = int(obs[BIRD_STATE + i]) if i < 4 else int(obs[BIRD_STATE + 3 + i])
    return 64 <= s <= 68


def danger(obs, state, x, d, hold):
    risk = 0.0
    for k in range(4):
        y = int(obs[BOMB_Y + k])
        if y >= 200:
            continue
        b = int(obs[BOMB_X + k])
        for e in range(-1, 6):
            t = (y - 8) // 2 - e
            if t < 0:
                continue
            p = x + d * min(t, hold)
            p = min(max(p, 74), 216)
            gap = abs(b - p)
            if gap < 7:
                risk += 1.0 / (1.0 + 0.05 * t)
            elif gap < 10:
                risk += 0.05
    for i in range(8):
        if alive(obs, i):
            s = int(obs[BIRD_STATE + i]) if i < 4 else int(obs[BIRD_STATE + 3 + i])
            if s >= 66 and int(obs[DIVE_Y]) < 40:
                for t in range(1, 20, 4):
                    gap = abs(int(obs[BIRD_X + i]) + state.vel[i] * t - (x + d * min(t, hold)))
                    if gap < 12:
                        risk += 0.3
    return risk


def act(obs, info, state, params):
    state.tick += 1
    x = int(obs[PLAYER])
    for i in range(8):
        b = int(obs[BIRD_X + i])
        d = b - state.old[i]
        state.old[i] = b
        if abs(d) < 6:
            state.vel[i] = 0.85 * state.vel[i] + 0.15 * d
    aim = -1.0
    best = 1000.0
    shoot = False
    for i in range(8):
        if not alive(obs, i):
            continue
        s = int(obs[BIRD_STATE + i]) if i < 4 else int(obs[BIRD_STATE + 3 + i])
        h = 95 + 18 * (i % 4)
        cost = 0.0
        if s >= 66:
            h = int(obs[DIVE_Y])
            cost = -20.0
        m = int(obs[BIRD_X + i]) + state.vel[i] * (h / 6.0 + 2)
        if abs(m - x) <= 4:
            shoot = True
        cost += abs(m - x)
        if cost < best:
            best = cost
            aim = m
    if obs[BIRD_STATE + 1] == 255 and obs[BIRD_STATE + 2] == 255:
        aim = MOTHER
        shoot = True
    elif aim < 0:
        if state.sweep == 0 or x < 90:
            state.sweep = 1
        if x > 200:
            state.sweep = -1
        aim = x + 20 * state.sweep
        shoot = True
    low = 1e9
    move = 0
    for k in range(7):
        d = 0
        hold = 0
        if k > 0:
            d = 1 if k % 2 == 1 else -1
            hold = 5 if k < 3 else (12 if k < 5 else 30)
        r = danger(obs, state, x, d, hold)
        c = 1000 * r + abs(aim - (x + d * hold))
        if c < low:
            low = c
            move = d
            state.risk = r
    near = False
    for k in range(4):
        y = int(obs[BOMB_Y + k])
        if y < 24 and abs(int(obs[BOMB_X + k]) - x) < 7:
            near = True
    if int(obs[DIVE_Y]) < 26:
        for i in range(8):
            if alive(obs, i):
                s = int(obs[BIRD_STATE + i]) if i < 4 else int(obs[BIRD_STATE + 3 + i])
                if s >= 66 and abs(int(obs[BIRD_X + i]) - x) < 14:
                    near = True
    if near and state.risk > 0.3:
        return 4
    fire = shoot and state.tick % 4 < 2
    if move > 0:
        return 5 if fire else 2
    if move < 0:
        return 6 if fire else 3
    return 1 if fire else 0
