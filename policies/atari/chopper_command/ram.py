"""Chopper Command: fly to the groups that still have enemies, line up with the nearest one, fire, keep clear of pellets and hulls."""
from fastheur.policy import Param, uniform

OBS = "ram"
TASK = "atari/chopper_command"
STATE = [("ex", "f8", (3,)), ("ey", "f8", (3,)), ("vx", "f8", (3,)), ("vy", "f8", (3,)), ("on", "i8", (3,)),
         ("bx", "f8"), ("bh", "f8", (2,)), ("bvx", "f8"), ("bon", "i8"), ("split", "i8"),
         ("px", "f8"), ("ph", "f8"), ("base", "i8"), ("u", "f8"), ("v", "f8"), ("way", "i8"), ("target", "i8"), ("cost", "f8"), ("quiet", "i8")]
PARAMS = {"keep": Param(90.0, 20.0, 140.0), "under": Param(6.0, 0.0, 30.0), "speed": Param(1.7, 0.5, 3.0), "wide": Param(14.0, 8.0, 20.0),
          "high": Param(9.0, 5.0, 14.0)}

BASE, OFFSET, HEIGHT = 17, 18, 22
PLAYER_X, PLAYER_H, PELLET_X, PELLET_UP, PELLET_DOWN = 71, 72, 70, 94, 95
CURRENT, ALIVE = 7, 4  # two bytes for each of four groups; ALIVE is the distance between the two


def alive(obs, group, lane):
    if lane == 0:
        return (int(obs[group + ALIVE]) & 56) != 0
    if lane == 1:
        return (int(obs[group]) & 7) != 0
    return (int(obs[group + ALIVE]) & 7) != 0


def enemies(obs, group):
    n = 0
    for lane in range(3):
        if alive(obs, group, lane):
            n += 1
    return n


def wrap(d):
    d = d % 256
    return d - 256 if d > 128 else d


def observe(obs, state):
    base = int(obs[BASE]) - 60
    if base > 131:  # a group coming in from the left
        base -= 256
    # which of the three trucks (32 apart) live: byte 17 is the place of the first living one
    trucks = int(obs[CURRENT]) >> 3
    if trucks == 25:
        base -= 64
    elif trucks & 7 == 4 or trucks & 7 == 2:
        base -= 32
    d = wrap(base - state.base)
    if abs(d) < 6:
        state.u += 0.3 * (d - state.u)
    state.base = base
    for i in range(3):
        x = base + int(obs[OFFSET + i])
        h = int(obs[HEIGHT + i])
        seen = obs[BASE] > 0 and alive(obs, CURRENT, i) and x > -16 and x < 176
        if seen and state.on[i] > 0:
            d = x - state.ex[i]
            if abs(d) < 8:
                state.vx[i] += 0.15 * (d - state.u - state.vx[i])
            d = h - state.ey[i]
            if abs(d) < 8:
                state.vy[i] += 0.3 * (d - state.vy[i])
        else:
            state.vx[i] = 0.0
            state.vy[i] = 0.0
        state.on[i] = 1 if seen else 0
        state.ex[i] = x
        state.ey[i] = h
    bx = float(obs[PELLET_X])
    high = int(obs[PELLET_UP])
    low = int(obs[PELLET_DOWN])
    d = bx - state.bx
    state.bon = 1 if (high < 200 or low < 200) else 0
    if abs(d) < 8 and state.bon > 0:
        state.bvx += 0.2 * (d - state.u - state.bvx)
    else:
        state.bvx = 0.0
    state.bx = bx
    state.split = 0 if high - low == 1 else 1
    state.bh[0] = high
    state.bh[1] = low
    x = float(obs[PLAYER_X]) + 8
    d = x - state.px
    if abs(d) < 4:
        state.v += 0.3 * (d - state.u - state.v)
    state.px = x
    state.ph = int(obs[PLAYER_H])


def danger(state, dx, dh, params):
    total = 0.0
    v = state.v
    goal = dx * params.speed
    x = state.px
    h = state.ph
    for t in range(1, 46):
        v += 0.12 * (goal - v)
        x += v
        if t < 30:
            h += dh
        h = min(max(h, 12.0), 92.0)
        w = 1.0 / (6.0 + t)
        if state.bon > 0:
            ex = abs(state.bx + state.bvx * t - x)
            up = state.bh[0] + 2.0 * t
            down = state.bh[1] - 2.0 * t
            eu = abs(up - h) if state.bh[0] < 200 else 99.0
            ed = abs(down - h) if state.bh[1] < 200 else 99.0
            eh = min(eu, ed)
            k = 1.0
            if state.split == 0:
                k = 0.5
                e0 = abs(state.bh[0] - h)
                if e0 < params.high + 4.0:
                    eh = e0
                    k = 1.0
            if ex < params.wide and eh < params.high:
                total += k * 100.0 * w
            elif ex < params.wide + 5.0 and eh < params.high + 4.0:
                total += k * 10.0 * w
        for i in range(3):
            if state.on[i] > 0:
                ex = abs(state.ex[i] + state.vx[i] * t - x)
                eh = abs(state.ey[i] + state.vy[i] * min(t, 10) - h)
                if ex < params.wide + 5.0 and eh < params.high + 3.0:
                    total += 100.0 * w
                elif ex < params.wide + 11.0 and eh < params.high + 7.0:
                    total += 10.0 * w
                elif ex < params.wide + 11.0:
                    total += params.under * w  # its next bomb starts here
    return total


def code(dx, dh, fire):
    if dh > 0:
        a = 6 if dx > 0 else (7 if dx < 0 else 2)
    elif dh < 0:
        a = 8 if dx > 0 else (9 if dx < 0 else 5)
    else:
        a = 3 if dx > 0 else (4 if dx < 0 else 0)
    if fire:
        return 1 if a == 0 else a + 8
    return a


def act(obs, info, state, params):
    if state.way == 0:
        state.way = 1
    observe(obs, state)
    best = -1
    near = 1e9
    for i in range(3):
        if state.on[i] > 0:
            d = abs(state.ex[i] - state.px) + 1.5 * abs(state.ey[i] - state.ph)
            if d < near:
                near = d
                best = i
    state.quiet = 0 if info.reward > 0 else state.quiet + 1
    if state.quiet > 600:
        best = -1
        if state.quiet % 600 == 1:
            state.way = 1 if uniform(state) < 0.5 else -1
    state.target = best
    goal_h = 50.0
    if best < 0 and enemies(obs, CURRENT) == 0:
        if enemies(obs, CURRENT + 1) > 0:
            state.way = -1
        elif enemies(obs, CURRENT - 1) > 0:
            state.way = 1
    if best >= 0:
        goal_h = state.ey[best]
        gap = state.ex[best] - state.px
        if gap * state.way < -10:
            state.way = -state.way
    least = 1e18
    mx = 0
    mh = 0
    for dx in range(-1, 2):
        for dh in range(-1, 2):
            c = danger(state, dx, dh, params)
            c += 0.05 * abs(goal_h - state.ph - dh * 4.0)
            if dh < 0 and state.ph < 15.0:
                c += 3.0
            if dx != state.way:
                c += 0.3
            if dx == -state.way:
                c += 0.5
            if best >= 0 and dx == state.way and abs(state.ex[best] - state.px) < params.keep:
                c += 3.0
            if c < least:
                least = c
                mx = dx
                mh = dh
    state.cost = least
    return code(mx, mh, info.elapsed % 4 < 2)
