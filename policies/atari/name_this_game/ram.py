"""Fetches air at the hose when little is left; shoots the tips of the octopus' arms and, when it is low, the shark, with a shot led by the shark's speed."""
OBS = "ram"
TASK = "atari/name_this_game"
STATE = [("tick", "i8"), ("last_x", "i8"), ("face", "i8"), ("last_shark", "i8"), ("speed", "i8"), ("target", "i8"), ("arm", "i8")]
PLAYER = 99
SHARK_X = 60
SHARK_ROW = 53
SHOT_X = 51
SHOT_Y = 50
ARM = 102
AIR = 112
HOSE_X = 116
HOSE_TIME = 117


def shark_row(obs):
    for k in range(7):
        if obs[SHARK_ROW + k] != 0:
            return k
    return -1


def column(obs, arm, up):
    """Screen x (left) of an arm's lowest piece (up = 0), or -1."""
    n = 10 - (int(obs[ARM + arm]) & 15)
    if n <= up or n > 10 or obs[ARM + arm] >= 128:
        return -1
    base = 0
    high = False
    rev = False
    if arm == 0:
        base, high, rev = 0, True, True
    elif arm == 1:
        base, high, rev = 0, False, True
    elif arm == 2:
        base, high, rev = 10, False, False
    elif arm == 3:
        base, high, rev = 10, True, False
    elif arm == 4:
        base, high, rev = 20, True, False
    elif arm == 5:
        base, high, rev = 30, True, True
    elif arm == 6:
        base, high, rev = 30, False, True
    else:
        base, high, rev = 40, False, False
    v = int(obs[base + 10 - n + up])
    if high:
        v = v >> 4
    v = v & 15
    for b in range(4):
        if (v >> b) & 1:
            c = 3 - b if rev else b
            return 16 + 16 * arm + 4 * c
    return -1


def act(obs, info, state, params):
    state.tick += 1
    x = int(obs[PLAYER])
    if x > state.last_x:
        state.face = 1
    elif x < state.last_x:
        state.face = -1
    state.last_x = x
    s = int(obs[SHARK_X])
    d = s - state.last_shark
    state.last_shark = s
    if 0 < abs(d) <= 6:
        state.speed = d
    row = shark_row(obs)
    gun = x + 13 if state.face > 0 else x
    best = 1000.0
    aim = gun
    state.arm = -1
    for a in range(8):
        c = column(obs, a, 0)
        if c < 0:
            continue
        m = c + 2
        g = x + 13 if m > gun else x
        cost = abs(m - g) - 2.0 * (10 - (int(obs[ARM + a]) & 15))
        if cost < best:
            best = cost
            aim = m
            state.arm = a
    if row == 0 or row == 1 or row == 2:
        t = 3 + 4 * row + 2
        m = s + 8 + state.speed * t
        if m > 148:
            m = 296 - m
        if m < 8:
            m = 16 - m
        if abs(m - gun) < 60:
            aim = m
    if obs[HOSE_TIME] > 0 and obs[AIR] <= 7 and (row > 2 or obs[AIR + 1] <= 224):
        aim = int(obs[HOSE_X]) - 22 + (gun - x)
    state.target = aim
    fire = state.tick % 4 < 2
    d = aim - gun
    if abs(d) <= 1:
        return 1 if fire else 0
    near = abs(d) <= 3
    if d > 0:
        if state.face < 0 and d < 13:
            return 2 if not (near and fire) else 4
        return 4 if near and fire else 2
    return 5 if near and fire else 3
