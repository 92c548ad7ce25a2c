"""Makes memory and queues that outlive it: System V memory, a POSIX queue.

attack: resources
when: load
static: refused
behind: denied, killed
uses: libc
target: next trial
"""

OBS = "state"
for name, arguments in (("shmget", (0, 4096, 0o1600)), ("mq_open", (b"redteam", 0o100, 0o600, 0))):
    try:
        call(name, *arguments)
    except OSError:
        continue
    raise RuntimeError(f"BREACHED: {name} was done")
raise PermissionError("no shared memory")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
