"""HumanoidStandup: get up from the back and stay up, by iterative LQG over half a second with the simulator's own model."""

from fastheur.planner import ILQR, Model
from fastheur.policy import Param

OBS = "state"
TASK = "mujoco/humanoid_standup"

# What should be 0 after every env step of the horizon; a weight is one over the deviation that costs as much as others.
PARAMS = {
    "height": Param(1.3, 0.5, 1.6),  # wanted height of the torso, m
    "rise": Param(5.0, 0.0, 50.0),  # per m that the torso is too low
    "upright": Param(1.0, 0.0, 50.0),  # per horizontal part of the torso's axis
    "feet": Param(10.0, 0.0, 50.0),  # per m that the centre of mass, where it will be soon, is beside the feet
    "ahead": Param(0.2, 0.0, 1.0),  # how soon, s
    "drift": Param(0.3, 0.0, 10.0),  # per m/s of horizontal speed
    "calm": Param(0.02, 0.0, 1.0),  # per rad/s of a joint
    "pose": Param(0.1, 0.0, 5.0),  # per rad of a joint that is not needed
    "effort": Param(0.3, 0.0, 10.0),  # per unit of action
    "last": Param(1.0, 0.0, 10.0),  # weight of the horizon's last step, as a factor
}
HORIZON, EVERY, STRIDE = 32, 4, 2  # env steps of 0.015 s
SENSORS = (("subtreecom", "torso"), ("subtreelinvel", "torso"), ("geompos", "left_foot"), ("geompos", "right_foot"))
MISSES = 3 + 2 + 2 + 1 + 17 + 17 + 17


def misses(before, after, sensors, action, left, p, out):
    w, x, y, z = after[4], after[5], after[6], after[7]
    scale = p.last if left == 0 else 1.0
    # lying on the back the torso's x axis points from head to feet; standing, straight down
    up_x, up_y = -(1 - 2 * (y * y + z * z)), -2 * (x * y + w * z)
    out[0] = scale * p.rise * (p.height - after[3])
    out[1] = p.upright * up_x
    out[2] = p.upright * up_y
    for axis in range(2):
        middle = 0.5 * (sensors[6 + axis] + sensors[9 + axis])
        out[3 + axis] = scale * p.feet * (sensors[axis] + p.ahead * sensors[3 + axis] - middle)
        out[5 + axis] = p.drift * sensors[3 + axis]
    for joint in range(17):
        out[8 + joint] = p.calm * after[31 + joint]
        out[25 + joint] = p.effort * action[joint]
        out[42 + joint] = p.pose * after[8 + joint] if joint in (0, 2, 3, 4, 7, 8) or joint > 10 else 0.0


class Policy:
    def __init__(self, spec, params, random):
        self.model = Model(spec, SENSORS, gradual=0.01)
        self.planner = ILQR(self.model, misses, params, horizon=HORIZON, count=MISSES, every=EVERY, stride=STRIDE)

    def reset(self, slots):
        self.planner.reset(slots)

    def act(self, obs, info, slots):
        return self.planner.act(slots, self.model.observe(obs, slots))
