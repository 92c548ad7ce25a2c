"""Private Eye: fetches the money bag (room 28) and takes it to the bank (room 7), fetches the gun (room 14) and takes it to
the gun shop (room 23), then goes for the thief (room 16) and takes him to the police (room 0). The rooms of the three are
read from RAM. It hops over rats and thugs on the road.
"""
from fastheur.policy import Param, uniform
OBS = "ram"
TASK = "atari/private_eye"
STATE = [("room", "i8"), ("inroom", "i8"), ("press", "i8"), ("rest", "i8"), ("away", "i8"), ("lx", "i8"), ("x1", "i8"), ("x2", "i8"), ("x3", "i8"), ("closing", "f8"), ("goal", "i8"), ("pays", "i8"), ("best", "f8"), ("hits", "i8"), ("load", "i8"), ("load2", "i8")]
PARAMS = {"hold": Param(37.0, 20.0, 60.0), "lead": Param(30.0, 10.0, 50.0)}
X, ROOM, HEIGHT, FACE, SPRITE, SPOT, ROAD, AWAY, LOAD, BIRD = 63, 92, 97, 58, 43, 49, 41, 119, 60, 39
CLUE_ROOM, ITEM_ROOM, THIEF_ROOM = 75, 79, 83


def behind(room, x):
    """Is the place in the row behind (rooms 15 right of its barrier to 28 left of its barrier)?"""
    if room == 28:
        return x < 97
    if room == 15:
        return x > 97
    return room > 15 and room < 28


def act(obs, info, state, params):
    x = int(obs[X])
    room = int(obs[ROOM]) & 31
    face = int(obs[FACE])
    load = int(obs[LOAD])
    height = int(obs[HEIGHT])
    if info.reward > 50:
        state.pays += 1
        state.best = info.reward
    if info.reward < -50:
        state.hits += 1
    if load != state.load:
        state.load2 = state.load
        state.load = load
    away = int(obs[AWAY])
    if away > 127:
        away -= 256
    if room != state.room:
        state.room = room
        state.inroom = 0
        state.closing = 1.0
    elif abs(away - state.away) < 6:
        way = 1 if away > -6 else -1
        state.closing = 0.8 * state.closing + 0.2 * (state.away - away) * way
    state.away = away
    state.inroom += 1
    state.lx = state.x3
    state.x3 = state.x2
    state.x2 = state.x1
    state.x1 = x
    # where to
    take = False
    if load == 24:
        goal = 7
    elif load == 28:
        goal = 0
    elif load != 0:
        goal = 23
    elif int(obs[ITEM_ROOM]) > 0:
        goal = int(obs[ITEM_ROOM])
        take = True
    elif int(obs[CLUE_ROOM]) > 0:
        goal = int(obs[CLUE_ROOM])
        take = True
    else:
        goal = int(obs[THIEF_ROOM])
        take = True
    state.goal = goal
    if state.press > 0:
        state.press -= 1
        if state.press == 0:
            state.rest = 4
    elif state.rest > 0:
        state.rest -= 1
    if face == 1 or face == 5:
        return 2
    here = behind(room, x)
    there = goal > 15 and goal < 29
    way = 0
    if take and room == goal and here == there:
        d = int(obs[SPOT]) + 11 - x
        if abs(d) < 14 and height == 0 and state.press == 0 and state.rest == 0 and state.inroom > 3:
            state.press = 12
        if abs(d) < 5:
            return 10 if state.press > 0 else 0
        way = 1 if d > 0 else -1
    elif here != there:
        a = room
        b = goal
        if there:
            a = (room + 4) % 32
            near = abs(a - 1) + abs(b - 25)
            far = abs(a - 5) + abs(b - 19)
            gate = 29 if near < far else 1
        else:
            b = (goal + 4) % 32
            near = abs(b - 1) + abs(a - 25)
            far = abs(b - 5) + abs(a - 19)
            gate = 25 if near < far else 19
        if room == gate:
            if abs(76 - x) < 14:
                return 6 if x < 76 else 7
            way = 1 if x < 76 else -1
        elif there:
            way = 1 if (gate + 4) % 32 > a else -1
        else:
            way = 1 if gate > a else -1
    elif here:
        way = 1 if goal > room else -1
    else:
        way = 1 if (goal + 4) % 32 > (room + 4) % 32 else -1
    kind = int(obs[ROAD])
    gap = away - 12 if way > 0 else -24 - away
    ahead = state.inroom > 3 and height == 0 and gap > -10
    if ahead and kind >= 29 and kind < 32 and gap < params.hold and not (take and room == goal):
        back = 4 if way > 0 else 3
        return back if (x - state.lx) * way > 0 else 7 - back
    if ahead and kind >= 10 and state.press == 0 and state.rest == 0 and state.closing > 0.3 and (kind != 10 or int(obs[BIRD]) == 79):
        if gap < max(params.lead * state.closing - 18, 12) or (kind == 32 and gap < 36):
            state.press = 10
    if state.press > 0:
        return 14 if way > 0 else 15
    return 3 if way > 0 else 4
