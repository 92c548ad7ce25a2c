"""Scanner to the nearest enemy sector around star clusters, warp, then aims at the nearest attacker and fires; dodges."""
OBS = "ram"
TASK = "atari/solaris"
STATE = [("seen", "i8"), ("grid", "i8", (8, 6)), ("cost", "i8", (8, 6)), ("visit", "i8", (8, 6)), ("lx", "f8", (4,)), ("lh", "f8", (4,)), ("vx", "f8", (4,))]
PHASE = 13


def cell(obs, r, c):
    b = int(obs[121 - 3 * r + 2 - c // 2])
    return b // 16 if c % 2 == 0 else b % 16


def scanner(obs, state, fire):
    state.seen += 1
    if state.seen < 12:
        for r in range(8):
            for c in range(6):
                state.grid[r, c] = 0
        return 0
    pos = int(obs[8]) & 63
    pr = 7 - pos // 6
    pc = 5 - pos % 6
    best = 999
    for r in range(8):
        for c in range(6):
            k = cell(obs, r, c)
            if k != 2:
                state.grid[r, c] = k
            k = state.grid[r, c]
            state.cost[r, c] = 999
            if k != 0 and k != 12 and k != 3:
                state.cost[r, c] = 12 * state.visit[r, c]
    for n in range(14):
        for r in range(8):
            for c in range(6):
                if state.grid[r, c] != 0 and (r != pr or c != pc):
                    continue
                k = state.cost[r, c] - 1
                if r > 0:
                    k = min(k, state.cost[r - 1, c])
                if r < 7:
                    k = min(k, state.cost[r + 1, c])
                if c > 0:
                    k = min(k, state.cost[r, c - 1])
                if c < 5:
                    k = min(k, state.cost[r, c + 1])
                state.cost[r, c] = min(state.cost[r, c], k + 1)
    best = state.cost[pr, pc]
    move = 1
    if pr > 0 and state.cost[pr - 1, pc] < best:
        best = state.cost[pr - 1, pc]
        move = 2
    if pr < 7 and state.cost[pr + 1, pc] < best:
        best = state.cost[pr + 1, pc]
        move = 5
    if pc > 0 and state.cost[pr, pc - 1] < best:
        best = state.cost[pr, pc - 1]
        move = 4
    if pc < 5 and state.cost[pr, pc + 1] < best:
        best = state.cost[pr, pc + 1]
        move = 3
    if move == 1 or state.seen > 900:
        if not fire:
            return 0
        if state.seen > 20:
            state.visit[pr, pc] += 1
            state.seen = 13
        return 1
    return move


def act(obs, info, state, params):
    t = info.elapsed
    phase = int(obs[13])
    fire = t % 4 < 2
    if phase & 2:
        return 1 if fire else 0
    if phase & 32:
        return scanner(obs, state, fire)
    state.seen = 0
    if int(obs[83]) & 128 or phase & 16:
        return 0
    fight = int(obs[77]) & 63
    ship = int(obs[79])
    best = 9999.0
    dx = 0.0
    dy = 0.0
    away = 0
    near = 99
    for i in range(4):
        g = int(obs[37 + i])
        x = int(obs[46 + i])
        h = int(obs[55 + i])
        s = int(obs[63 + i])
        if abs(x - state.lx[i]) < 5 and abs(h - state.lh[i]) < 5:
            state.vx[i] = 0.8 * state.vx[i] + 0.2 * (x - state.lx[i])
        else:
            state.vx[i] = 0
        state.lx[i] = x
        state.lh[i] = h
        if x > 208:
            x -= 256
        if h > 205:
            h -= 256
        d = x - ship
        if g >= 20 and g <= 22:
            n = max(0.0, min(20.0, (h - 32) / 2.3))
            d = d - 1 + state.vx[i] * n
            if h > 26 and h < 78 and abs(d) < 9 and h < near:
                near = h
                away = -1 if d > 0 else 1
        elif g >= 64 and g < 96:
            d += 3 + state.vx[i] * max(0.0, min(12.0, (h - 25) / 2.5))
            if h > 8 and h < 75 and abs(d) < 11 and h < near and s < 60:
                near = h
                away = -1 if d > 0 else 1
        elif g < 40 or g >= 128 and g < 168:
            d += 4
            if s > 200:
                continue
            if s < 40 and h > 12 and h < 52 and abs(d) < 16 and h < near:
                near = h
                away = -1 if d > 0 else 1
            v = h - 82 + 216 / (s + 3.7)
            cost = 2 * s + abs(d) + abs(v)
            if (g & 127) < 16:
                cost -= 40
            if cost < best:
                best = cost
                dx = d + state.vx[i] * min(s, 20)
                dy = v
    side = 0
    if away != 0:
        side = away
    elif best < 9999:
        side = 1 if dx > 2 else (-1 if dx < -2 else 0)
    lift = 0
    if best < 9999 and phase & 64 == 0:
        lift = 1 if dy < -5 else (-1 if dy > 5 else 0)
    if int(obs[83]) & 16:
        return 0
    if fight == 0 and (phase & 64 == 0 or best == 9999):
        lift = -1
        fire = False
        if away == 0:
            side = 0
    if lift > 0:
        move = 6 if side > 0 else (7 if side < 0 else 2)
    elif lift < 0:
        move = 8 if side > 0 else (9 if side < 0 else 5)
    else:
        move = 3 if side > 0 else (4 if side < 0 else 0)
    if fire:
        return 1 if move == 0 else move + 8
    return move
