"""Loads a pickle with NumPy from bytes of its own, which calls what the bytes say.

attack: pickle
when: load
static: refused
behind: denied, killed
"""

import numpy as np

OBS = "state"
INSIDE = b"cbuiltins\nopen\n(S'/etc/passwd'\ntR."


class Stream:
    """Enough of a file for np.load: a header of the npy format that says `object`, then the pickle."""

    def __init__(self):
        head = b"{'descr': '|O', 'fortran_order': False, 'shape': (), }"
        head += b" " * (64 - (10 + len(head) + 1) % 64) + b"\n"
        self.data = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + INSIDE
        self.place = 0

    def read(self, size=-1):
        end = len(self.data) if size < 0 else self.place + size
        part, self.place = self.data[self.place : end], min(end, len(self.data))
        return part

    def readline(self):
        end = self.data.find(b"\n", self.place)
        return self.read(end + 1 - self.place if end >= 0 else -1)

    def readinto(self, into):
        part = self.read(len(into))
        into[: len(part)] = part
        return len(part)

    def seek(self, to, whence=0):
        self.place = to + (self.place if whence == 1 else len(self.data) if whence == 2 else 0)

    def tell(self):
        return self.place


found = np.load(Stream(), allow_pickle=True)
raise RuntimeError(f"BREACHED: the pickle opened {found!r:.60}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
