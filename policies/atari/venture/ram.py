"""Venture: the four rooms in turn, takes the treasure, leaves by the same door.

In a room it keeps away from the monsters and turns to shoot at what stands in line. Outside it only keeps away. The
roads are points by hand for the first level; later levels are not known to it.
"""
from fastheur.policy import Param, uniform

OBS = "ram"
TASK = "atari/venture"
STATE = [("have", "i8"), ("done", "i8"), ("entry_x", "i8"), ("entry_y", "i8"), ("room", "i8"), ("value", "f8"), ("last", "i8"), ("place", "i8", (6,)), ("still", "i8", (6,)), ("score", "i8")]
PARAMS = {"fear": Param(8.0, 0.0, 40.0), "reach": Param(26.0, 0.0, 60.0), "outside": Param(18.0, 0.0, 60.0)}
PLAYER_X, PLAYER_Y, ROOM, OBJECT_X, OBJECT_Y, OUTSIDE = 85, 26, 90, 79, 20, 8


def act(obs, info, state, params):
    x = int(obs[PLAYER_X])
    y = int(obs[PLAYER_Y])
    room = int(obs[ROOM])
    if info.reward > 0:
        state.have = 1
        state.score += int(info.reward)
    if room != state.room:
        if room == OUTSIDE:
            state.done += state.have
            state.have = 0
        else:
            state.entry_y = int(obs[OBJECT_Y])
            state.entry_x = int(obs[OBJECT_X])
        state.room = room
    if room == OUTSIDE:
        n = 6
        tx = 60
        ty = 62
        if y > 66:
            tx = 70
            ty = 60
        elif x < 66:
            ty = y
        if state.done > 0:
            inner = state.done == 1 and x < 136
            door = 48 if state.done == 1 else 10 if state.done == 2 else 0
            if state.done > 2 and y <= 20:
                tx = 150 if y > 2 and x > 136 else 56 if x > 60 or y < 13 else 40
                ty = 0 if x > 60 else 14
            elif inner and x < 85:
                tx = 70 if x < 74 and y < 74 else 89
                ty = 77
            elif inner:
                # up between the block and the room, then under its inner door
                tx = 88 if y > 55 and x < 100 else 110
                ty = 53 if x < 107 else 44
            elif x > 136:
                ty = door if x > 147 or y < 68 else y
                tx = 152 if abs(y - door) > 1 else 130
            elif y < 74:
                tx = 70 if x < 76 else x
                ty = 78
            else:
                tx = 152
                ty = 76
    else:
        n = 5
        x = int(obs[OBJECT_X])
        y = int(obs[OBJECT_Y])
        tx = int(obs[OBJECT_X + 2])
        ty = int(obs[OBJECT_Y + 2])
        if state.have == 1:
            tx = state.entry_x + (14 if state.entry_y < 8 or room != 0 else 0)
            ty = state.entry_y + (8 if room == 0 else 0)
        if room == 0:
            # the room at the lower right: round the corner of its wall
            if state.have == 0 and y < 52:
                tx = 122
                ty = 58 if x > 112 else 10
            elif state.have == 1 and y > 16 and x > 84:
                tx = 122
                ty = 62 if x < 112 and y > 40 else 10
            elif state.have == 1 and x < 84 and y > 40:
                tx = 122
                ty = 62
            elif state.have == 1 and x > 66:
                tx = 62
                ty = 12
    for g in range(6):
        p = int(obs[OBJECT_X + g]) * 256 + int(obs[OBJECT_Y + g])
        state.still[g] = 0 if p != state.place[g] else state.still[g] + 1
        state.place[g] = p
    best = 0
    best_v = 1e9
    for d in range(9):
        dx = (d == 2 or d == 5 or d == 7) * 1 - (d == 3 or d == 6 or d == 8) * 1
        dy = (d == 4 or d == 7 or d == 8) * 1 - (d == 1 or d == 5 or d == 6) * 1
        nx = x + min(4, max(1, abs(tx - x))) * dx
        ny = y + 2 * dy
        v = abs(tx - nx) + 2.0 * abs(ty - ny)
        if room != OUTSIDE and state.have == 0 and (nx > state.entry_x and room != 0 or room == 0 and ny > state.entry_y and x < 80):
            v += 60
        for g in range(n):
            if room != OUTSIDE and (g == 0 or g == 2):
                continue
            mx = int(obs[OBJECT_X + g])
            my = int(obs[OBJECT_Y + g])
            q = max(abs(mx - nx), 2 * abs(my - ny))
            reach = params.outside if room == OUTSIDE else params.reach
            if q < reach:
                v += params.fear * (reach - q)
        if v < best_v:
            best_v = v
            best = d
    state.value = best_v
    fire = 0
    aim = 0
    if room != OUTSIDE:
        for g in range(n):
            if g == 0 or g == 2 or state.still[g] > 24:
                continue
            mx = int(obs[OBJECT_X + g]) - x
            my = 2 * (int(obs[OBJECT_Y + g]) - y)
            if abs(my) < 7 and abs(mx) < 44 and abs(mx) > 8:
                aim = 2 if mx > 0 else 3
                fire = 1
            elif abs(mx) < 4 and abs(my) < 44 and abs(my) > 8:
                aim = 4 if my > 0 else 1
                fire = 1
    state.last = best
    if fire == 1 and info.elapsed % 6 < 2:
        return aim + 9
    return best + 1 if best > 0 else 0
