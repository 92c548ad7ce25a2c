"""Fishing Derby: lower the hook to the bottom rows (six points), meet the nearest fish, reel in, wait for the shark to pass."""
from fastheur.policy import Param, uniform

OBS = "ram"
STATE = [("fish", "i8"), ("fish2", "i8"), ("me", "i8"), ("foe", "i8"), ("shark", "i8"), ("last_x", "f8", (6,)), ("speed", "f8", (6,)),
         ("shark_x", "f8"), ("shark_speed", "f8"), ("want", "f8"), ("row", "i8")]
PARAMS = {"near": Param(26.0, 0.0, 60.0), "deep": Param(27.0, 18.0, 50.0)}
FISH, HOOK_X, HOOK_Y, SHARK, HOOKED, FOE_HOOKED = 69, 32, 36, 75, 112, 113


def act(obs, info, state, params):
    hx = float(obs[HOOK_X])
    hy = float(obs[HOOK_Y])
    state.fish = int(obs[69]) * 1000000 + int(obs[70]) * 1000 + int(obs[71])
    state.fish2 = int(obs[72]) * 1000000 + int(obs[73]) * 1000 + int(obs[74])
    state.me = int(obs[32]) * 1000000 + int(obs[36]) * 1000 + int(obs[21])
    state.foe = int(obs[33]) * 1000000 + int(obs[37]) * 1000 + int(obs[22])
    state.shark = int(obs[75]) * 1000000 + int(obs[112]) * 1000 + int(obs[113])
    for i in range(6):
        x = float(obs[FISH + i])
        d = x - state.last_x[i]
        if abs(d) < 4:
            state.speed[i] += 0.1 * (d - state.speed[i])
        state.last_x[i] = x
    x = float(obs[SHARK])
    if abs(x - state.shark_x) < 4:
        state.shark_speed += 0.1 * (x - state.shark_x - state.shark_speed)
    state.shark_x = x
    if int(obs[HOOKED]) != 0:
        middle = x + 17.0
        gap = middle - hx
        if hy < params.deep and abs(gap) < params.near:
            # near the shark: away from it, without reeling
            return 4 if gap > 0 else 3
        if hy < params.deep + 6 and abs(gap) < params.near and gap * state.shark_speed < 0:
            return 4 if gap > 0 else 3
        return 1
    best = 1e9
    for i in range(6):
        if int(obs[FOE_HOOKED]) == i + 1:
            continue
        depth = 62.0 - 8.0 * i
        points = 6.0 if i < 2 else (4.0 if i < 4 else 2.0)
        dive = abs(depth - hy) * 4.0
        fx = state.last_x[i] + state.speed[i] * min(60.0, dive)
        goal = min(84.0, max(34.0, fx))
        time = max(dive, 2.0 * abs(goal - hx)) + 2.0 * abs(fx - goal)
        cost = (time + 150.0) / points
        if i == state.row:
            cost -= 3.0
        if cost < best:
            best = cost
            state.row = i
            state.want = goal
    depth = 62.0 - 8.0 * state.row
    down = 1 if hy < depth - 0.5 else 0
    up = 1 if hy > depth + 0.5 else 0
    right = 1 if hx < state.want - 1 else 0
    left = 1 if hx > state.want + 1 else 0
    if up:
        return 6 if right else (7 if left else 2)
    if down:
        return 8 if right else (9 if left else 5)
    return 3 if right else (4 if left else 0)
