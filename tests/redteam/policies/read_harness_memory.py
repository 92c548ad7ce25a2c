"""Opens the harness's memory and map through /proc.

attack: proc
when: load
static: refused
behind: denied, killed
target: {HARNESS_PID}
"""

OBS = "state"
for name in ("mem", "maps", "environ", "cmdline", "stack", "auxv", "status"):
    try:
        with open("/proc/{HARNESS_PID}/" + name, "rb") as file:
            file.read(1)
    except PermissionError:
        continue
    except OSError as error:
        raise RuntimeError(f"BREACHED: /proc/{HARNESS_PID}/{name} was opened, then {error}") from None
    raise RuntimeError(f"BREACHED: /proc/{HARNESS_PID}/{name}")
raise PermissionError("the harness is shut")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
