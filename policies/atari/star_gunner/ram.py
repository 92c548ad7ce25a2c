"""Star Gunner: line up with the nearest enemy, face it and shoot; step aside from falling bombs."""
from fastheur.policy import Param, uniform
OBS = "ram"
STATE = [("fire", "i8"), ("dx", "i8"), ("dy", "i8"), ("tgt", "i8"), ("timer", "i8", (3,)), ("still", "i8", (3,))]
PARAMS = {"gap": Param(26.0, 0.0, 80.0), "bombx": Param(9.0, 0.0, 20.0)}
PLAYER_X = 21
PLAYER_Y = 14
FACING = 19        # 246 left, 236 right
BOMB_X = 33
BOMB_Y = 34
ENEMY_Y = 71       # three bytes
ENEMY_X = 74       # three bytes
TIMER = 83         # three bytes, one down each frame while the enemy lives
MODE = 89          # three bytes, 253 while the lines of a new enemy close in
LINE_TOP = 95
LINE_LOW = 98
LINE_X = 101


def button(h, v, fire):
    if fire == 0:
        if h == 0 and v == 0:
            return 0
        if h == 0:
            return 2 if v < 0 else 5
        if v == 0:
            return 3 if h > 0 else 4
        if v < 0:
            return 6 if h > 0 else 7
        return 8 if h > 0 else 9
    if h == 0 and v == 0:
        return 1
    if h == 0:
        return 10 if v < 0 else 13
    if v == 0:
        return 11 if h > 0 else 12
    if v < 0:
        return 14 if h > 0 else 15
    return 16 if h > 0 else 17


def act(obs, info, state, params):
    px = int(obs[PLAYER_X])
    py = int(obs[PLAYER_Y])
    left = int(obs[FACING]) == 246
    best = 9999
    tx = 0
    ty = 0
    state.tgt = -1
    near = 9999
    nx = 0
    for i in range(3):
        ey = int(obs[ENEMY_Y + i])
        ex = int(obs[ENEMY_X + i])
        t = int(obs[TIMER + i])
        if t == state.timer[i]:
            state.still[i] += 1
        else:
            state.still[i] = 0
        state.timer[i] = t
        extra = 0
        if int(obs[MODE + i]) == 253:
            ey = (int(obs[LINE_TOP + i]) + int(obs[LINE_LOW + i])) // 2 - 2
            ex = int(obs[LINE_X + i])
            extra = 60
        elif state.still[i] > 4:
            ey = 0
        if ey > 0 and ex > 0:
            d = abs(ex - px) + abs(ey + 3 - py)
            if abs(ey + 3 - py) < 16 and abs(ex - px) < near:
                near = abs(ex - px)
                nx = ex
            if d + extra < best:
                best = d + extra
                tx = ex
                ty = ey + 3
                state.tgt = i
    h = 0
    v = 0
    fire = 0
    if best < 9999:
        dx = tx - px
        dy = ty - py
        state.dx = dx
        state.dy = dy
        if dy > 1:
            v = 1
        elif dy < -1:
            v = -1
        if dx < 0 and not left:
            h = -1
        elif dx > 0 and left:
            h = 1
        elif abs(dx) > params.gap + 6:
            h = 1 if dx > 0 else -1
        elif abs(dx) < params.gap - 6 and abs(dy) > 8:
            h = -1 if dx > 0 else 1
    if near < 16:
        h = 1 if px > nx else -1
    bx = int(obs[BOMB_X]) - 3
    by = int(obs[BOMB_Y])
    if by > 0 and abs(bx - px) < params.bombx and by < py + 6:
        h = 1 if bx <= px else -1
        if px < 12:
            h = 1
        elif px > 148:
            h = -1
    state.fire = 1 - state.fire
    return button(h, v, state.fire)
