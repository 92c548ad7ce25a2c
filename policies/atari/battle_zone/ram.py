"""Battle Zone: turn to the nearer of the two enemies by their places on the radar, lead it, fire; dodge the enemy's shot.

Places (x to the right, z ahead) are read from both slots. An enemy's own motion is its change of place less what our turning
makes. While a shot comes, nine ways to drive are rolled out and the one that it misses is taken.
"""
import math

from fastheur.policy import Param, uniform

OBS = "ram"
TASK = "atari/battle_zone"
STATE = [("hills", "f8"), ("turn", "f8"), ("x", "f8", (2,)), ("z", "f8", (2,)), ("u", "f8", (2,)), ("w", "f8", (2,)),
         ("kept", "i8"), ("error", "f8"), ("tx", "f8"), ("tz", "f8"), ("miss", "f8"), ("dodge", "i8"), ("speed", "f8")]
PARAMS = {"band": Param(1.0, 0.0, 10.0), "aim": Param(3.0, 1.0, 14.0), "lead": Param(1.0, 0.0, 2.0),
          "first": Param(1.0, 0.0, 3.0), "close": Param(55.0, 0.0, 80.0), "safe": Param(14.0, 4.0, 30.0), "smooth": Param(0.06, 0.01, 0.5)}
HILLS, SLOT, NEXT, KIND, SHOT_FACING, SHOT_X, SHOT_Z, SHOTS = 4, 67, 8, 73, 85, 86, 88, 97
SAUCER = 4
OMEGA, SPEED, SHOT_SPEED, OWN_SHOT = 0.01227, 0.248, 0.5, 1.0


def signed(hi, lo):
    v = float(hi)
    if v > 127.0:
        v -= 256.0
    return v + float(lo) / 256.0


def miss(x, z, u, w, turn, turning, drive):
    """The least distance of a shot at (x, z) moving by (u, w), if we turn for some frames, then drive straight on."""
    best = 1e9
    px, pz, a = 0.0, 0.0, 0.0
    sa, ca = 0.0, 1.0
    for t in range(120):
        v = drive * SPEED
        if t < turning:
            a += turn * OMEGA
            sa, ca = math.sin(a), math.cos(a)
            v *= 0.25
        px += v * sa
        pz += v * ca
        x += u
        z += w
        d = (x - px) * (x - px) + (z - pz) * (z - pz)
        if d < best:
            best = d
    return math.sqrt(best)


def act(obs, info, state, params):
    press = info.elapsed % 4 < 2
    d = float(obs[HILLS]) - state.hills
    state.hills = float(obs[HILLS])
    if d > 80.0:
        d -= 160.0
    if d < -80.0:
        d += 160.0
    if abs(d) > 8.0:
        d = 0.0
    state.turn = -d / 1.25 * OMEGA
    best = 1e9
    kept = -1
    aim = 0.0
    ahead = 0.0
    near = 1e9
    behind = False
    left = 0.0
    for i in range(2):
        k = int(obs[KIND + NEXT * i])
        x = signed(obs[SLOT + NEXT * i], obs[SLOT + 1 + NEXT * i])
        z = signed(obs[SLOT + 2 + NEXT * i], obs[SLOT + 3 + NEXT * i])
        dx = x - state.x[i]
        dz = z - state.z[i]
        if abs(dx) > 8.0 or abs(dz) > 8.0:
            state.u[i] = 0.0
            state.w[i] = 0.0
        else:
            state.u[i] += params.smooth * (dx + state.turn * z - state.u[i])
            state.w[i] += params.smooth * (dz - state.turn * x - state.w[i])
        state.x[i] = x
        state.z[i] = z
        if k == 0 or k == 3:
            continue
        t = max(z, 0.0) / max(OWN_SHOT - state.w[i] - state.speed, 0.5)
        e = x + min(max(params.lead * state.u[i] * t, -12.0), 12.0)
        angle = abs(math.atan2(e, z))
        c = angle
        if state.kept != i + 1:
            c += 0.3
        far = math.sqrt(x * x + z * z)
        if k != SAUCER and far < near:
            near = far
            behind = z < 0.0
        if k != SAUCER and far < params.close:
            c -= params.first
        if c < best:
            best = c
            kept = i
            aim = e
            ahead = z
            left = angle
            state.tx = x
            state.tz = z
    state.kept = kept + 1
    state.error = aim
    turn = 0
    if kept >= 0 and (ahead < 0.0 or abs(aim) > params.band):
        turn = 1 if aim > 0.0 else -1
    drive = 1
    if near < params.close:
        drive = 1 if behind else -1
    fire = press and kept >= 0 and ahead > 0.0 and abs(aim) < params.aim and int(obs[SHOTS]) & 64 == 0
    state.dodge = 0
    if int(obs[SHOTS]) >= 128:
        x = signed(obs[SHOT_X], obs[SHOT_X + 1])
        z = signed(obs[SHOT_Z], obs[SHOT_Z + 1])
        a = float(obs[SHOT_FACING]) * 2.0 * math.pi / 256.0
        u = SHOT_SPEED * math.sin(a)
        w = -SHOT_SPEED * math.cos(a)
        m = miss(x, z, u, w, float(turn), int(left / OMEGA), float(drive))
        if m < params.safe:
            top = m + 0.5
            for g in range(2):
                for h in range(-6, 7):
                    v = min(miss(x, z, u, w, 1.0 if h > 0 else -1.0, 14 * abs(h), 1.0 - 2.0 * g), params.safe)
                    if v > top:
                        top = v + 0.1
                        turn = 1 if h > 0 else (-1 if h < 0 else 0)
                        drive = 1 - 2 * g
                        state.dodge = 20 + h + 20 * g
            state.miss = top
    state.speed = drive * SPEED * (1.0 if turn == 0 else 0.25)
    if drive > 0:
        if turn > 0:
            return 14 if fire else 6
        if turn < 0:
            return 15 if fire else 7
        return 10 if fire else 2
    if turn > 0:
        return 16 if fire else 8
    if turn < 0:
        return 17 if fire else 9
    return 13 if fire else 5
