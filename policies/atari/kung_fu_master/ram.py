"""Walks left on odd floors and right on even ones; turns to an enemy that is near and strikes."""
OBS = "ram"
TASK = "atari/kung_fu_master"
STATE = [("tick", "i8"), ("gap", "i8")]
PLAYER = 74
ENEMY = 72
COPIES = 91
FLOOR = 31
KIND = 54
REACH = 17
KNIFE = 73


def copy_offset(kind, k):
    """How far the k-th figure of a group stands from the first; -1 if there is none."""
    if k == 0:
        return 0
    if k == 1:
        if kind == 1 or kind == 3:
            return 16
        if kind == 2 or kind == 6:
            return 32
        if kind == 4:
            return 64
    if k == 2:
        if kind == 3:
            return 32
        if kind == 6:
            return 64
    return -1


def act(obs, info, state, params):
    state.tick += 1
    e = int(obs[ENEMY])
    kind = int(obs[COPIES]) & 7
    gap = 1000
    if e > 50:
        for k in range(3):
            o = copy_offset(kind, k)
            if o < 0:
                continue
            d = e + o - int(obs[PLAYER])
            if abs(d) < abs(gap):
                gap = d
    state.gap = gap
    knife = int(obs[KNIFE])
    if knife > 50 and abs(knife - int(obs[PLAYER])) < 24:
        return 4
    if obs[KIND] % 64 == 0 and abs(gap) < 40 and abs(gap) >= REACH:
        return 2 if gap > 0 else 3
    press = state.tick % 12 < 6
    if gap > 0 and gap < REACH:
        return 7 if press else 2
    if gap <= 0 and gap > -REACH:
        return 8 if press else 3
    return 2 if obs[FLOOR] % 2 == 0 else 3
