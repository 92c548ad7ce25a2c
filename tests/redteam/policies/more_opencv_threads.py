"""Has OpenCV start threads in the middle of a trial.

attack: thread
when: batch
static: refused
behind: denied, killed, error, harmless
target: plain returns
"""

import cv2
import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        cv2.setNumThreads(16)
        cv2.GaussianBlur(np.zeros((2000, 2000), np.uint8), (31, 31), 0)
        return (obs[:, 2] + 0.3 * obs[:, 3] > 0).astype(np.int64)
