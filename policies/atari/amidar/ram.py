"""Amidar: paints the nearest stretches, planning through time against the enemies' known ways; FIRE (jump) in need.

Enemies run along a line in one sense and take every upright they meet; the tracer keeps to the border. Their ways are
followed 120 units ahead. Per first direction the surest way to every cell at every time. Stretches are counted as
painted when the last-crossing bytes went from one end to the other. It does not care for boxes.
"""
import numpy as np

from fastheur.policy import Param, uniform

OBS = "ram"
TASK = "atari/amidar"
STATE = [("hdone", "u1", (192,)), ("vdone", "u1", (160,)), ("ex", "i8", (6,)), ("ey", "i8", (6,)), ("eh", "i8", (6,)), ("ed", "i8", (6,)), ("tracer", "i8", (6,)), ("run", "i8", (6,)), ("bits", "i8"), ("node", "i8"), ("last", "i8"), ("value", "i8"), ("x", "i8"), ("y", "i8"), ("left", "i8"), ("wait", "i8"), ("pd", "i8"), ("quiet", "i8"), ("lv", "i8", (6,)), ("pe", "i8", (6,)), ("pk", "i8", (6,)), ("stat", "i8", (32,))]
PARAMS = {"box": Param(0.15, 0.0, 0.5), "fade": Param(0.9925, 0.9, 1.0), "keep": Param(0.003, 0.0, 0.2), "need": Param(0.6, 0.0, 1.0)}
OBJECT_Y, OBJECT_X, OBJECT_KIND, NODE_X, NODE_Y, PAINT, SLOW, WAIT, JUMP = 59, 66, 73, 81, 82, 6, 92, 91, 94
UPRIGHTS = np.array([2183283777, 2286424593, 2416969737, 2214740001, 2181566529])
FAR = 9999
T = 110


def upright(gap, c):
    return gap >= 0 and gap < 5 and c >= 0 and c < 32 and (UPRIGHTS[gap] >> c) & 1 == 1


def is_open(r, c):
    return r >= 0 and r < 26 and c >= 0 and c < 32 and (r % 5 == 0 or upright(r // 5, c))


def neighbour(cell, d):
    """The cell next to it in direction d (1 up, 2 right, 3 left, 4 down), or -1."""
    r = cell // 32
    c = cell % 32
    if d == 1:
        return cell - 32 if r > 0 and upright((r - 1) // 5, c) else -1
    if d == 4:
        return cell + 32 if r < 25 and upright(r // 5, c) else -1
    if r % 5 != 0:
        return -1
    if d == 2:
        return cell + 1 if c < 31 else -1
    return cell - 1 if c > 0 else -1


def cell_at(x, y):
    """The nearest cell of the lattice."""
    r = (y - 7 + 3) // 6
    c = (x - 6 + 2) // 4
    best = -1
    best_d = FAR
    for rr in range(r - 2, r + 3):
        for cc in range(c - 2, c + 3):
            if is_open(rr, cc):
                d = abs(6 + 4 * cc - x) + abs(7 + 6 * rr - y)
                if d < best_d:
                    best_d = d
                    best = rr * 32 + cc
    return best


def stretched(y):
    return y if y <= 127 else 127 + (y - 127) * 30 // 26


def put(danger, t, x, y, p):
    """An enemy at (x, y) at time t touches what is nearer than 7 units sideways and 6 up and down."""
    if t < 0 or t >= T + 8:
        return
    c0 = (x - 6) // 4
    r0 = (y - 7) // 6
    for r in range(r0 - 1, r0 + 3):
        dy = abs(7 + 6 * r - y)
        if r < 0 or r > 25 or dy > 7:
            continue
        for c in range(c0 - 1, c0 + 3):
            dx = abs(6 + 4 * c - x)
            if c < 0 or c > 31 or dx > 7:
                continue
            danger[t, r * 32 + c] += p * (1.0 if dx < 7 else 0.4) * (1.0 if dy < 6 else 0.4)


def enemy_cost(k, d):
    """Steps of two frames an enemy takes from cell k on in direction d; the last gap is 26 units high, not 30."""
    if d == 2 or d == 3:
        return 4
    r = k // 32
    return 5 if r > 20 or (r == 20 and d == 4) else 6


def own_cost(k, d, m, fast):
    """Steps of two frames the player takes from cell k to cell m: slower than the enemies, and delayed at crossings."""
    if d == 2 or d == 3:
        c = 4 if fast else 5
    else:
        r = k // 32
        low = r > 20 or (r == 20 and d == 4)
        c = (5 if low else 6) if fast else (6 if low else 7) + (r & 1)
        if r % 5 == 0:
            c += 1
        if m // 32 % 5 == 0:
            c += 1
    r = m // 32
    if r % 5 == 0 and (upright(r // 5 - 1, m % 32) or upright(r // 5, m % 32)):
        c += 1
    return c


def follow(danger, k, d, h, tracer, t):
    """One enemy's way on from cell k, reached at time t in direction d; both ways where the rule is not known."""
    cells = np.zeros(64, np.int64)
    ways = np.zeros(64, np.int64)
    senses = np.zeros(64, np.int64)
    times = np.zeros(64, np.int64)
    chance = np.zeros(64)
    n = 1
    cells[0] = k
    ways[0] = d
    senses[0] = h
    times[0] = t
    chance[0] = 1.0
    while n > 0:
        n -= 1
        k = cells[n]
        d = ways[n]
        h = senses[n]
        t = times[n]
        p = chance[n]
        while t <= T and p > 0.05:
            r = k // 32
            c = k % 32
            if r % 5 == 0:
                up = upright(r // 5 - 1, c)
                down = upright(r // 5, c)
                if tracer == 1 and (r == 0 or r == 25 or c == 0 or c == 31):
                    if d == 2 and c == 31 or d == 3 and c == 0:
                        d = 1 if r == 25 else 4
                    elif d == 1 and r == 0 or d == 4 and r == 25:
                        d = 2 if c == 0 else 3
                    h = 2 if d == 2 else 3 if d == 3 else h
                elif d == 2 or d == 3:
                    if up and down:
                        if n < 60:
                            cells[n] = k + 32
                            ways[n] = 4
                            senses[n] = h
                            times[n] = t + 6
                            chance[n] = p * 0.5
                            n += 1
                        d = 1
                        p *= 0.5
                    elif up:
                        d = 1
                    elif down:
                        d = 4
                else:
                    if c == 31:
                        h = 3
                    elif c == 0:
                        h = 2
                    d = h
            m = neighbour(k, d)
            if m < 0:
                break
            n2 = enemy_cost(k, d)
            for i in range(n2):
                x = 6 + 4 * c + (i if d == 2 else -i if d == 3 else 0)
                y = 7 + 6 * r + (i if d == 4 else -i if d == 1 else 0)
                put(danger, t + i, x, y, p)
            t += n2
            k = m


def plan(safe, near_by, cost, count, value, far, cell, ox, oy, moving, last, fast, fade, keep):
    """The best first direction and its value: chance of life times (1 + worth, faded by the time)."""
    sure = np.ones((T + 10, 400))
    for t in range(T, -1, -1):
        for j in range(count):
            p = sure[t + 1, j] * np.sqrt(safe[t + 1, j]) if t < T else 1.0
            for d in range(1, 5):
                k = near_by[j, d]
                if k >= 0:
                    t2 = t + cost[j, d]
                    tm = (t + t2) // 2
                    q = 1.0 if t2 > T else sure[t2, k] * min(safe[t2, k], max(safe[tm, j], safe[tm, k]))
                    if q > p:
                        p = q
            sure[t, j] = p
    fades = np.ones(T + 400)
    for t in range(1, T + 400):
        fades[t] = fades[t - 1] * fade
    best_v = -1.0
    best = 0
    way = np.zeros((T + 8, 400))
    for d in range(5):
        t = 1
        k = cell
        if d > 0:
            across = abs(oy) if d == 2 or d == 3 else abs(ox)
            along = ox if d == 2 else -ox if d == 3 else oy if d == 4 else -oy
            length = (6 if d == 1 or d == 4 else 4) - along
            if across > 0:
                # a turn comes only at the crossing ahead; behind it the player runs on
                to = (3 if ox > 0 else 2) if d == 1 or d == 4 else (1 if oy > 0 else 4)
                if across > 3 or moving != to:
                    continue
                length = (6 if d == 1 or d == 4 else 4) + across
            k = near_by[cell, d]
            if along < 0 and across == 0:
                k = cell
                length = -along
            if k < 0:
                continue
            t = length if fast else (length * 5 + 3) // 4
            if along == 0 and d != moving:
                t += 2
            t = max(1, min(t, 14))
        way[:] = 0.0
        way[t, k] = safe[t, k] * max(0.1, 0.5 + 0.5 * safe[min(1, t), k])
        v = 0.0
        for t in range(T + 1):
            for j in range(count):
                p = way[t, j]
                if p <= 0:
                    continue
                if value[j] > 0:
                    q = p * sure[t, j] * (1.0 + value[j] * fades[t])
                    if q > v:
                        v = q
                if t > T - 3:
                    q = p * (1.0 + 0.15 * fades[t + min(200, far[j])])
                    if q > v:
                        v = q
                if t < T:
                    q = p * np.sqrt(safe[t + 1, j])
                    if q > way[t + 1, j]:
                        way[t + 1, j] = q
                for e in range(1, 5):
                    m = near_by[j, e]
                    if m < 0:
                        continue
                    t2 = t + cost[j, e]
                    if t2 <= T:
                        tm = (t + t2) // 2
                        q = p * min(safe[t2, m], max(safe[tm, j], safe[tm, m]))
                        if q > way[t2, m]:
                            way[t2, m] = q
        if d == 0:
            v *= 0.995
        elif d == last:
            v *= 1.0 + keep
        if v > best_v:
            best_v = v
            best = d
    return best_v, best


def act(obs, info, state, params):
    px = state.x
    py = state.y
    me = -1
    for g in range(7):
        if int(obs[OBJECT_KIND + g]) & 127 < 32:
            me = g
            px = int(obs[OBJECT_X + g])
            py = stretched(int(obs[OBJECT_Y + g]))
    if abs(px - state.x) + abs(py - state.y) > 8:
        state.node = 999
    else:
        if px != state.x:
            state.pd = 2 if px > state.x else 3
        elif py != state.y:
            state.pd = 4 if py > state.y else 1
    state.x = px
    state.y = py
    # painted stretches
    bits = 0
    for i in range(44):
        b = int(obs[PAINT + i])
        while b > 0:
            bits += b & 1
            b = b >> 1
    if bits < state.bits - 12:
        for i in range(192):
            state.hdone[i] = 0
        for i in range(160):
            state.vdone[i] = 0
    state.bits = bits
    if info.reward > 0:
        state.quiet = 0
    state.quiet += 1
    if state.quiet > 1500:
        state.quiet = 0
        for i in range(192):
            state.hdone[i] = 0
        for i in range(160):
            state.vdone[i] = 0
    nc = (int(obs[NODE_X]) - 6 + 2) // 4
    nl = (int(obs[NODE_Y]) - 7 + 5) // 30
    node = nl * 32 + nc
    if node != state.node and nc >= 0 and nc < 32 and nl >= 0 and nl < 6:
        oc = state.node % 32
        ol = state.node // 32
        if state.node == 999:
            ol = -9
            oc = -9
        if ol == nl:
            for c in range(min(oc, nc), max(oc, nc)):
                state.hdone[nl * 32 + c] = 1
        elif oc == nc and abs(ol - nl) == 1:
            state.vdone[min(ol, nl) * 32 + nc] = 1
        state.node = node
    # enemies, told apart by nearness
    used = np.zeros(7, np.int64)
    if me >= 0:
        used[me] = 1
    danger = np.zeros((T + 8, 832))
    for e in range(6):
        best = -1
        near = FAR
        for g in range(7):
            if used[g] == 1:
                continue
            q = abs(int(obs[OBJECT_X + g]) - state.ex[e]) + abs(stretched(int(obs[OBJECT_Y + g])) - state.ey[e])
            if q < near:
                near = q
                best = g
        if best < 0:
            continue
        used[best] = 1
        x = int(obs[OBJECT_X + best])
        y = stretched(int(obs[OBJECT_Y + best]))
        dx = x - state.ex[e]
        dy = y - state.ey[e]
        if near > 8 or state.ed[e] == 0:
            state.tracer[e] = 0
            state.eh[e] = 2
            state.ed[e] = 2
        elif abs(dx) > abs(dy):
            state.ed[e] = 2 if dx > 0 else 3
            state.eh[e] = state.ed[e]
            state.run[e] += abs(dx)
        elif dy != 0:
            state.ed[e] = 4 if dy > 0 else 1
            state.run[e] = 0
        state.ex[e] = x
        state.ey[e] = y
        k = cell_at(x, y)
        if k < 0:
            continue
        d = state.ed[e]
        r = k // 32
        c = k % 32
        if (d == 1 or d == 4) and (c == 0 or c == 31) and state.tracer[e] == 0 and state.pe[e] != 0:
            w = state.pk[e]
            if w != k and w % 32 == c and w // 32 % 5 == 0 and w >= 32 and w < 800:
                i = (state.pe[e] - 1) * 4 + (2 if state.lv[e] == 4 else 0) + (1 if d == 4 else 0)
                state.stat[i + (16 if c == 31 else 0)] += 1
        if k != state.pk[e]:
            if state.pk[e] // 32 % 5 != 0 or k // 32 % 5 != 0:
                state.lv[e] = d if d == 1 or d == 4 else state.lv[e]
            state.pk[e] = k
        if r % 5 != 0 or (c != 0 and c != 31):
            state.pe[e] = d
        ahead = x - 6 - 4 * c if d == 2 else 6 + 4 * c - x if d == 3 else y - 7 - 6 * r if d == 4 else 7 + 6 * r - y
        if (d == 2 or d == 3) and r % 5 == 0 and ahead >= 2 and state.run[e] >= 6 and c > 0 and c < 31 and (upright(r // 5 - 1, c) or upright(r // 5, c)):
            state.tracer[e] = 1 if r == 0 or r == 25 else 0
        elif r > 0 and r < 25 and c > 0 and c < 31:
            state.tracer[e] = 0
        put(danger, 0, x, y, 1.0)
        if ahead > 1:
            k = neighbour(k, d)
            for i in range((6 if d == 1 or d == 4 else 4) - ahead):
                put(danger, i, x + (i if d == 2 else -i if d == 3 else 0), y + (i if d == 4 else -i if d == 1 else 0), 1.0)
            if k >= 0:
                follow(danger, k, d, state.eh[e], state.tracer[e], (6 if d == 1 or d == 4 else 4) - ahead)
        else:
            follow(danger, k, d, state.eh[e], state.tracer[e], max(0, -ahead))
    cell = cell_at(px, py)
    if cell < 0:
        return 0
    x0 = 6 + 4 * (cell % 32)
    y0 = 7 + 6 * (cell // 32)
    # targets: the middle of every stretch not painted, the far end of the one it is on
    worth = np.zeros(832)
    left = 0
    row = cell // 32
    col = cell % 32
    for l in range(6):
        a = 0
        for c in range(1, 32):
            if upright(l - 1, c) or upright(l, c):
                if state.hdone[l * 32 + a] == 0:
                    left += 1
                    i = l * 160
                    on = row == l * 5 and abs(py - y0) < 3 and px > 6 + 4 * a and px < 6 + 4 * c
                    if on and node == l * 32 + a:
                        worth[i + c] = 0.4
                    elif on and node == l * 32 + c:
                        worth[i + a] = 0.4
                    elif c - a == 1:
                        worth[i + (a if node == l * 32 + c else c)] = 0.15
                    else:
                        worth[i + (a + c) // 2] = 0.15
                a = c
    for gap in range(5):
        for c in range(32):
            if upright(gap, c) and state.vdone[gap * 32 + c] == 0:
                left += 1
                on = col == c and py > 7 + 30 * gap and py < 37 + 30 * gap
                if on and node == gap * 32 + c:
                    worth[(gap + 1) * 160 + c] = 0.4
                elif on and node == (gap + 1) * 32 + c:
                    worth[gap * 160 + c] = 0.4
                else:
                    worth[gap * 160 + 64 + c] = 0.15
    state.left = left
    # the stretches round boxes nearly complete are worth more
    for gap in range(5):
        a = 0
        for c in range(1, 32):
            if upright(gap, c):
                rest = (1 - int(state.vdone[gap * 32 + a])) * 8 + (1 - int(state.vdone[gap * 32 + c])) * 8
                for i in range(a, c):
                    rest += 2 - int(state.hdone[gap * 32 + i]) - int(state.hdone[gap * 32 + 32 + i])
                gain = params.box * 8.0 / (8.0 + rest)
                for i in range(a, c + 1):
                    for l in range(gap, gap + 2):
                        if worth[l * 160 + i] > 0 and (i < c and state.hdone[l * 32 + i] == 0 or i > a and state.hdone[l * 32 + i - 1] == 0):
                            worth[l * 160 + i] = max(worth[l * 160 + i], 0.15 + gain)
                for l in range(1, 5):
                    for i in (a, c):
                        if worth[gap * 160 + l * 32 + i] > 0:
                            worth[gap * 160 + l * 32 + i] = max(worth[gap * 160 + l * 32 + i], 0.15 + gain)
                a = c
    jump = int(obs[JUMP])
    fast = int(obs[SLOW]) > 5
    if jump & 15 > 0 and int(obs[WAIT]) == 0:
        for t in range(min(T, (jump & 15) * (1 if fast else 5) // (1 if fast else 2) - 2)):
            danger[t, :] = 0.0
    cells = np.zeros(400, np.int64)
    index = np.full(832, -1, np.int64)
    count = 0
    for i in range(832):
        if is_open(i // 32, i % 32):
            index[i] = count
            cells[count] = i
            count += 1
    near_by = np.full((400, 5), -1, np.int64)
    cost = np.zeros((400, 5), np.int64)
    value = np.zeros(400)
    for j in range(count):
        value[j] = worth[cells[j]]
        for d in range(1, 5):
            k = neighbour(cells[j], d)
            if k >= 0:
                near_by[j, d] = index[k]
                cost[j, d] = own_cost(cells[j], d, k, fast)
    # how far every cell is from a target
    far = np.full(400, FAR, np.int64)
    queue = np.zeros(4096, np.int64)
    n = 0
    for j in range(count):
        if value[j] > 0:
            far[j] = 0
            queue[n] = j
            n += 1
    head = 0
    while head < n and n < 4000:
        i = queue[head]
        head += 1
        for d in range(1, 5):
            k = near_by[i, d]
            if k >= 0 and far[i] + cost[i, d] < far[k]:
                far[k] = far[i] + cost[i, d]
                queue[n] = k
                n += 1
    safe = np.zeros((T + 8, 400))
    best_v = -1.0
    best = 0
    jumped = 0
    for attempt in range(2):
        for t in range(T + 8):
            for j in range(count):
                safe[t, j] = max(0.03, 1.0 - danger[t, cells[j]])
        v, d = plan(safe, near_by, cost, count, value, far, index[cell], px - x0, py - y0, state.pd, state.last, fast, params.fade, params.keep)
        if attempt == 0:
            best_v = v
            best = d
            state.value = int(v * 1000)
            close = 0
            for e in range(6):
                if abs(state.ex[e] - px) + abs(state.ey[e] - py) < 14:
                    close = 1
            if v >= params.need or close == 0 or jump & 15 > 0 or jump >> 5 > 3:
                break
            for t in range(30):
                danger[t, :] = 0.0
        elif v > best_v + 0.25:
            jumped = 1
            best = d
            state.wait += 1
    state.last = best
    if jumped == 1 and info.elapsed % 3 < 2:
        return best + 5 if best > 0 else 1
    return best + 1 if best > 0 else 0
