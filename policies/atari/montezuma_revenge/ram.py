"""Montezuma's Revenge: a state machine on x and y in the first room: ladder, belt, rope, right ladder, floor, left ladder,
key, the same way back, and the door on the right; down the ladder of room 2 for the sword of room 6, right to room 7, through
the laser gates while they are off for the second key, down the ladder to room 13 to kill the spider with the sword; then it
wanders without a plan (no second door, no torch). Steers by place, never by time; jumps the skull of the first room.
"""
from fastheur.policy import Param, uniform
OBS = "ram"
TASK = "atari/montezuma_revenge"
STATE = [("last_x", "i8"), ("last_y", "i8"), ("still", "i8"), ("skull", "f8"), ("skull_v", "f8"), ("part", "i8"), ("monster", "i8"), ("gone", "i8"),
         ("killed", "i8"), ("torch", "i8"), ("jewel", "i8"), ("jewel2", "i8"), ("spider", "f8"), ("spider_v", "f8")]
PARAMS = {"near": Param(16.0, 5.0, 50.0)}
X, Y, ROOM, SKULL, ITEMS, CLOCK = 42, 43, 3, 47, 65, 0
END = 9000
UP, RIGHT, LEFT, DOWN, RIGHTJUMP, LEFTJUMP, UPJUMP = 2, 3, 4, 5, 11, 12, 10


def floor(x, way, skull, v, near):
    # along the floor in direction way, over the skull when it comes towards the player
    ahead = (skull - x) * way
    if skull > 20.0 and 0.0 < ahead < 34.0:
        coming = v * way < -0.1
        if coming and ahead < near:
            if ahead > 8.0:
                return RIGHTJUMP if way > 0 else LEFTJUMP
            return LEFT if way > 0 else RIGHT
        if coming:
            return 0
        if ahead < 20.0:
            return LEFT if way > 0 else RIGHT
        if ahead < 26.0:
            return 0
    return RIGHT if way > 0 else LEFT


def first_room(x, y, key, still, skull, v, near):
    way = 1 if key else -1
    if y == 235:
        if key:
            if 84 <= x <= 90:
                return RIGHTJUMP
            if x < 56:
                return RIGHT if x < 50 else RIGHTJUMP
            return RIGHT
        if x == 77:
            return DOWN
        if x > 95:
            return LEFT if x > 103 else LEFTJUMP
        if x < 58:
            return RIGHT if x < 50 else RIGHTJUMP
        return RIGHT if x < 77 else LEFT
    if 192 < y < 235 and 72 < x < 82:
        return UP if key else DOWN
    if y == 192 and 50 < x < 104:
        if key:
            if 76 <= x <= 78:
                return UP
            if 78 < x < 81:
                return 0
            return LEFT if x > 78 else RIGHT
        return RIGHTJUMP if x >= 93 else RIGHT
    if 104 <= x <= 114 and y > 192:
        if still > 3:
            return LEFTJUMP if key else RIGHTJUMP
        return 0
    if y == 192 and x > 114:
        if key:
            return LEFTJUMP if x <= 126 else LEFT
        if x == 133:
            return DOWN
        return RIGHT if x < 133 else LEFT
    if 148 < y < 192 and (x > 128 or x < 25):
        return UP if (x > 100) == key else DOWN
    if y == 148:
        if key and 132 <= x <= 134 or not key and 20 <= x <= 21:
            return UP
        if key and x > 134:
            return LEFT
        if not key and x < 20:
            return RIGHT
        return floor(x, way, skull, v, near)
    if y == 192 and x < 40:
        if key:
            if x == 20 or x == 21:
                return DOWN
            return RIGHT if x < 20 else LEFT
        return LEFTJUMP if x < 22 else LEFT
    return 0


def gates(x, y, key, clock):
    # room 7: six gates, off while the clock is below 36; wait in front of them till they go off; jump for the key between
    # the fifth and the sixth, then back to the ladder in the middle and down
    if y < 235:
        return DOWN
    if y > 235:
        return 0
    off = clock < 8
    if not key or x < 77:
        if not key and 128 <= x <= 130:
            return UPJUMP
        if 5 <= x <= 7 or 24 <= x <= 28 or 101 <= x <= 104:
            return RIGHT if off else 0
        return LEFT if 130 < x < 134 else RIGHT
    if x == 77:
        return DOWN
    if 127 <= x <= 130:
        return LEFT if off else 0
    return LEFT


def bridge(x, y, clock, jewel, end):
    # room 10: the floor from 33 to 121 is away while the clock is below 36; the jewel hangs over x 15; the ladder at 77 goes up
    if end and (y > 235 or 40 < x < 115):
        return DOWN if y > 235 else 0
    if end:
        return LEFT if x > 100 else RIGHT
    if y > 235 and x == 77 and jewel:
        return UP
    if y != 235:
        return 0
    if x > 121:
        if x > 126:
            return LEFT
        return LEFTJUMP if 17 <= clock <= 24 else 0
    if jewel:
        if x < 33:
            if x < 26:
                return RIGHT
            return RIGHTJUMP if 17 <= clock <= 24 else 0
        return UP if x == 77 else RIGHT if x < 77 else LEFT
    if x > 32:
        return LEFTJUMP if x < 56 and clock > 120 else LEFT
    return UPJUMP if 14 <= x <= 16 else LEFT if x > 16 else RIGHT


def after(room, x, y, key, still, clock, elapsed, skull, v, torch, jewel, jewel2, monster, mv):
    # after the spider
    if room == 13:
        if y > 235:
            return DOWN
        if y < 235:
            return UP
        return LEFT
    if room == 12:
        if 124 <= x <= 130 or 101 <= x <= 105 or 75 <= x <= 80 or 48 <= x <= 53:
            return LEFT if (clock & 127) < 8 else 0
        return LEFT
    if room == 5:
        if elapsed > END:
            torch = True
        if y < 150 and not torch:
            return UP
        if y == 157:
            if x < 122:
                return RIGHT
            if x > 124:
                return LEFT
            return UPJUMP if elapsed % 4 < 2 else UP
        if x > 121:
            # the pole
            if y < 200:
                return UP
            if y > 206:
                return DOWN
            return LEFTJUMP if skull < 80.0 and v < 0.1 else 0
        if torch and y < 198:
            return DOWN if x == 77 or y < 157 else (LEFT if x > 77 else RIGHT)
        if y == 235:
            # the ledge on the left, the belt with the torch over its middle
            if x < 45:
                return RIGHT
            if x < 52:
                return RIGHTJUMP
            if torch:
                return RIGHT
            return UPJUMP if 76 <= x <= 78 else (RIGHT if x < 77 else LEFT)
        if 36 <= x <= 42 and y != 198:
            return UP
        if 190 < y < 204 and x > 43:
            if x <= 50:
                return LEFTJUMP
            ahead = x - skull
            if 0.0 < ahead < 16.0 and v > 0.1:
                return LEFTJUMP
            if 0.0 < ahead < 40.0 and v > 0.1:
                return 0
            if 0.0 < ahead < 24.0:
                return RIGHT if x < 104 else 0
            return LEFT
        if y < 157:
            return UP
        return 0
    if room == 10:
        return bridge(x, y, clock & 127, jewel, elapsed > END)
    if room == 4:
        if elapsed > END:
            return DOWN if x == 77 or y < 235 else (LEFT if x > 77 else RIGHT)
        if jewel2:
            if y > 236 and x == 77:
                return DOWN if abs(monster - x) > 24 else 0
            return floor(x, -1, float(monster), mv, 16.0) if y == 235 else UP
        if y <= 225 or y > 240 or abs(monster - x) > 24:
            return UP if x == 77 else (LEFT if x > 77 else RIGHT)
        return DOWN if y > 222 else 0
    if room == 3:
        return RIGHT if elapsed > END else 0
    if room == 0:
        off = (clock & 127) < 8
        if y < 235:
            return UP
        if y > 235:
            return 0
        if jewel2 or elapsed > END:
            # nothing more is known: give the lives up at the gates
            return LEFT if x > 28 else RIGHT
        if 24 <= x <= 28:
            return UPJUMP
        if 50 <= x <= 54:
            return LEFT if off else 0
        return LEFT if x > 28 else RIGHT
    if room == 11 and (torch or elapsed > END):
        if y != 235:
            return DOWN if y > 235 else 0
        return LEFTJUMP if 53 <= x <= 56 else LEFT
    if room == 11:
        if x == 77:
            return UP
        if y != 235:
            return 0
        if 118 <= x <= 121:
            return LEFTJUMP
        return LEFT if x > 77 else RIGHT
    return 0


def act(obs, info, state, params):
    x = int(obs[X])
    y = int(obs[Y])
    state.still += 1
    if x != state.last_x or y != state.last_y:
        state.still = 0
    state.last_x = x
    state.last_y = y
    s = float(obs[SKULL])
    if abs(s - state.skull) < 5.0:
        state.skull_v += 0.2 * (s - state.skull - state.skull_v)
    state.skull = s
    m = float(obs[44])
    if abs(m - state.spider) < 5.0:
        state.spider_v += 0.2 * (m - state.spider - state.spider_v)
    state.spider = m
    room = int(obs[ROOM])
    if room == 0 and info.reward > 500.0:
        state.jewel2 = 1
    key = int(obs[ITEMS]) & 2 != 0
    if state.still > 240 and uniform(state) < 0.3:
        return int(uniform(state) * 18.0)
    if room == 1 and state.killed == 0 and int(obs[ITEMS]) & 32 == 0:
        if not key and y == 235 and x > 105:
            return RIGHT
        if abs(state.skull_v) < 0.02:
            s = -40.0
        return first_room(x, y, key, state.still, s + 32.0, state.skull_v, params.near)
    sword = int(obs[ITEMS]) & 32 != 0
    if sword and info.elapsed < 5000:
        if room == 6:
            return DOWN if y > 235 else RIGHT
        if room == 7:
            return gates(x, y, key, int(obs[CLOCK]) & 127)
        if room == 5:
            return RIGHT
        if room == 13:
            if y > 235:
                return DOWN
            if y < 235:
                return UP
            return RIGHT if x < int(obs[44]) else LEFT
    if info.reward > 1000.0:
        state.killed = 1
        if room == 5:
            state.torch = 1
    if room == 10 and info.reward > 500.0:
        state.jewel = 1
    done = state.killed == 1
    if done:
        return after(room, x, y, key, state.still, int(obs[CLOCK]), info.elapsed, s + 33.0, state.skull_v, state.torch == 1, state.jewel == 1, state.jewel2 == 1, int(obs[44]), state.spider_v)
    if room == 2 and not done:
        m = int(obs[44])
        if m != state.monster:
            state.gone = 0
        state.gone += 1
        state.monster = m
        if y < 235:
            return UP if sword else DOWN
        if sword:
            if state.gone < 40:
                return RIGHT if x < m + 6 else LEFT
            return RIGHT if x < 60 else LEFT if x > 95 else 0
        if x == 77:
            return DOWN
        return RIGHT if x < 77 else LEFT
    if room == 6 and not done:
        if sword:
            if x == 77 or y > 235 and 70 < x < 84:
                return UP
            return RIGHT if x < 77 else LEFT
        if y == 235:
            if x <= 17:
                return LEFTJUMP
            return LEFT
        return DOWN if x > 60 else 0
    if room == 2 and y <= 235:
        if x == 77 or y < 235:
            return DOWN
        return RIGHT if x < 77 else LEFT
    if not key and info.elapsed < 6000:
        if room == 6:
            return DOWN if y > 235 else RIGHT
        if room == 7:
            return gates(x, y, key, int(obs[CLOCK]) & 127)
        if room == 5:
            return RIGHT
    # unknown ground
    if uniform(state) < 0.03:
        state.part = 1 - state.part
    if uniform(state) < 0.04:
        return RIGHTJUMP if state.part == 0 else LEFTJUMP
    return RIGHT if state.part == 0 else LEFT
