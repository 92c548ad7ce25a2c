"""Reaches the secret by another path, through the magic links of /proc.

attack: proc
when: load
static: refused
behind: denied, killed
target: {FOLDER}/secret.txt
"""

OBS = "state"
for way in ("/proc/self/root", "/proc/self/cwd/../../../../../../../..", "/proc/thread-self/root", "/proc/1/root"):
    try:
        with open(way + "{FOLDER}/secret.txt") as file:
            raise RuntimeError("BREACHED: the secret is " + file.read(8))
    except OSError:
        pass
raise PermissionError("no way around")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
