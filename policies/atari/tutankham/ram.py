"""Tutankham: walks by breadth-first search over cells of 4 pixels by one row of the maze.

The first part of the maze (rows 0 to 86) is a table, below it every side of a cell is taken as open until it blocks; aims are the table's
treasures, then the deepest cell not visited. It shoots sideways at what is level with it, keeps its way off the creature, and uses the
flash when that is close. It knows neither doors nor the second maze.
"""
from fastheur.policy import Param, uniform

OBS = "ram"
TASK = "atari/tutankham"
W, H = 40, 128
STATE = [("seen", "u1", (40, 128)), ("wall", "u1", (40, 128)), ("dist", "i2", (40, 128)), ("first", "u1", (40, 128)), ("queue", "i2", (5200,)),
         ("cx", "i8"), ("row", "i8"), ("d", "i8"), ("still", "i8"), ("pend", "i8"), ("level", "i8"), ("ready", "i8"), ("flash", "i8"),
         ("tx", "i8"), ("ty", "i8"), ("age", "i8")]
PARAMS = {"deep": Param(3.0, 0.0, 10.0)}
PLAYER_X, ROW, CREATURE, LEVEL_Y = 7, 65, 9, 60  # three creatures: y, x, picture from byte 9


def inside(cx, row):
    """Whether a cell of the table (rows 0 to 86) is open."""
    x = cx * 4
    if 128 <= x <= 136 and row <= 28:
        return True
    if 16 <= x <= 136 and (row == 11 or row == 12 or row == 35):
        return True
    if 16 <= x <= 24 and (11 <= row <= 16 or 23 <= row <= 35):
        return True
    if 48 <= x <= 52 and 7 <= row <= 12:
        return True
    if 96 <= x <= 104 and 31 <= row <= 35:
        return True
    if (x == 72 or x == 88) and 35 <= row <= 43:
        return True
    if row == 43 or row == 44 or row == 57:
        return True
    if 64 <= x <= 72 and 43 <= row <= 51:
        return True
    if x >= 144 and 43 <= row <= 57:
        return True
    if (x <= 8 and 54 <= row <= 63) or (80 <= x <= 88 and 57 <= row <= 66) or (64 <= x <= 72 and 66 <= row <= 73):
        return True
    if (row == 66 and 64 <= x <= 88) or row == 72 or row == 73:
        return True
    if 8 <= x <= 16 and 73 <= row <= 86:
        return True
    return (row == 86 and 8 <= x <= 144) or (88 <= x <= 96 and 81 <= row <= 86)


def neighbour(cx, row, d, level):
    """The cell in direction d as one number, -1 outside."""
    nx, ny = cx, row
    if d == 1:
        ny -= 1
    elif d == 4:
        ny += 1
    elif d == 2:
        nx = (cx + 1) % W
        if level == 0 and 23 <= row <= 25 and cx == 6:
            nx = 32
    else:
        nx = (cx + W - 1) % W
        if level == 0 and 23 <= row <= 25 and cx == 32:
            nx = 6
    if ny < 0 or ny >= H:
        return -1
    if level == 0 and ny <= 86 and not inside(nx, ny):
        return -1
    return nx * H + ny


def plan(state, hx, hy, deep, keep):
    """Breadth-first from the player's cell; the first direction towards the best aim."""
    for i in range(W):
        for j in range(H):
            state.dist[i, j] = -1
    cx, row = state.cx, state.row
    state.dist[cx, row] = 0
    state.first[cx, row] = 0
    state.queue[0] = cx * H + row
    head, tail = 0, 1
    best, pick = -1e9, 0
    while head < tail:
        c = int(state.queue[head])
        head += 1
        x, y = c // H, c % H
        dd = int(state.dist[x, y])
        if state.seen[x, y] == 0 and dd > 0:
            v = -1e9
            if state.level == 0 and y <= 86:
                if (x == 12 and y == 7) or (x == 25 and y == 31) or (x == 17 and y == 50) or (x == 2 and y == 63) or (x == 23 and y == 81):
                    v = 400.0 - dd
            else:
                v = deep * y - dd
            if x == state.tx and y == state.ty:
                v += 4.0
            if v > best:
                best = v
                pick = int(state.first[x, y])
                state.tx = x
                state.ty = y
        for d in range(1, 5):
            if (int(state.wall[x, y]) >> d) & 1 or (dd == 0 and (state.pend >> d) & 1):
                continue
            n = neighbour(x, y, d, state.level)
            if n < 0:
                continue
            nx, ny = n // H, n % H
            if state.dist[nx, ny] >= 0:
                continue
            if hx >= 0 and abs(nx * 4 - hx) < 12 and abs(ny - hy) < 4 and abs(nx * 4 - hx) + 4 * abs(ny - hy) < abs(x * 4 - hx) + 4 * abs(y - hy):
                continue
            state.dist[nx, ny] = dd + 1
            state.first[nx, ny] = d if dd == 0 else state.first[x, y]
            state.queue[tail] = nx * H + ny
            tail += 1
    return pick


def act(obs, info, state, params):
    cx = min(max(int(obs[PLAYER_X]) // 4, 0), W - 1)
    row = min(max(int(obs[ROW]), 0), H - 1)
    px = int(obs[PLAYER_X])
    level_x, near, close = 999, 999, False
    hx, hy = -100, 0
    for i in range(3):
        y = int(obs[CREATURE + 3 * i])
        x = int(obs[CREATURE + 3 * i + 1])
        if y >= 200:
            continue
        dx = x - px
        dy = y - LEVEL_Y
        if abs(dy) <= 6 and abs(dx) < abs(level_x):
            level_x = dx
        if abs(dx) < 14 and 6 < abs(dy) < 15:
            close = True
        if abs(dx) + abs(dy) < min(near, 48):
            near = abs(dx) + abs(dy)
            hx = x
            hy = row + int(dy / 4)
    moved = cx != state.cx or row != state.row
    state.still += 1
    if moved or state.ready == 0:
        step = abs(cx - state.cx) + abs(row - state.row)
        if step <= 2 and state.ready == 1:
            state.wall[state.cx, state.row] |= state.pend
        if row < 5 and state.row > 45 and state.ready == 1:
            state.level += 1
            for i in range(W):
                for j in range(H):
                    state.seen[i, j] = 0
                    state.wall[i, j] = 0
        if abs(cx - state.cx) > 30:
            for i in range(4):
                state.seen[36 + i, row] = 1
                state.seen[i, row] = 1
        state.pend = 0
        state.still = 0
        state.cx = cx
        state.row = row
        state.ready = 1
        state.seen[cx, row] = 1
    ox, oy = state.tx, state.ty
    if state.still > 12 and state.d > 0:
        state.pend |= 1 << state.d
        if state.pend >= 30:
            state.pend = 0
        state.still = 0
        moved = True
    if moved or info.elapsed % 8 == 0:
        state.d = plan(state, hx, hy, params.deep, 0)
        if state.d == 0 and hx < 0:
            state.d = 1 + int(4 * uniform(state))
    if state.tx == ox and state.ty == oy:
        state.age += 1
    else:
        state.age = 0
    if state.age > 900:
        state.seen[state.tx, state.ty] = 1
        state.age = 0
    if state.flash > 56 or (close and state.flash == 0):
        state.flash = 60 if state.flash == 0 else state.flash - 1
        return 5
    if level_x < 900 and info.elapsed % 4 < 3:
        return 6 if level_x > 0 else 7
    if state.flash > 0:
        state.flash -= 1
    return state.d
