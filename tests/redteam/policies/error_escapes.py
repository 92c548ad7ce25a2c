"""Puts commands for the terminal and forged lines into an error's message.

attack: output
when: batch
static: passes
behind: error
target: error
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        raise ValueError("\x1b[2J\x1b]0;owned\x07\nTrial 8: score 500.0, kept\r\u202e <script>alert(1)</script>")
