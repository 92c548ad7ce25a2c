"""Who plays a workload, and which settings each of them tries before the clock runs."""

from dataclasses import dataclass

from fastheur.throughput.setting import Setting, cores
from fastheur.throughput.workloads import ASYNC, ONE, OURS, OURS_ALE, RAW, VECTOR, Workload

SLOTS = 64
"""What ``fastheur eval`` takes when nothing else is said."""

SYNC, ASYNCHRONOUS = "bare EnvPool", "bare EnvPool, async"
AS_SHIPPED = "fastheur engine=envpool, default"
BARE_NAMES = (SYNC, ASYNCHRONOUS)

_OURS = "fastheur.throughput.ours:"
_PEERS = "fastheur.throughput.peers:"


@dataclass(frozen=True)
class Contender:
    """A row of a workload's table.

    Attributes:
        name: for the table. maker: ``module:function`` that takes (workload, setting) and returns a Player.
        settings: those it tries; the fastest is kept.
        peer: needs a package of the optional extra ``bench``.
    """

    name: str
    maker: str
    settings: tuple[Setting, ...]
    peer: bool = False


def contenders(workload: Workload, slots: int | None, threads: int | None, peers: bool) -> list[Contender]:
    """Return the contenders of ``workload``.

    Args:
        slots, threads: taken as they are by everything that has such a setting; None: found by trying.
        peers: with simulators and vector environments of others.
    """
    # The largest pool comes first: it then serves the smaller counts as well.
    counts = (slots,) if slots else tuple(sorted(workload.slots, reverse=True))
    workers = (threads,) if threads else tuple(dict.fromkeys((cores(), cores() + 1, 2 * cores())))
    grid = tuple(Setting(count, worker) for worker in workers for count in counts)
    few = sorted({slots or 16, slots or SLOTS})
    found = [
        Contender(SYNC, _OURS + "BareSync", grid),
        Contender(ASYNCHRONOUS, _OURS + "BareAsync", _asynchronous(counts, workers[0])),
        Contender(ONE, _OURS + "OneEnvironment", (Setting(1),)),
        Contender(OURS, _OURS + "full_path_envpool", _schedules(workload, slots, counts[:2], workers[0])),
    ]
    if len(grid) > 1 and workload.kind != "atari":
        shipped = Setting(slots or SLOTS, threads or cores())
        found.append(Contender(AS_SHIPPED, _OURS + "full_path_envpool", (shipped,)))
    if workload.on_ale:
        sizes = tuple(Setting(count, workers[0], unit="process") for count in counts)
        found.append(Contender(OURS_ALE, _OURS + "full_path_ale", sizes))
    if not peers:
        return found
    others = [Contender(RAW, "fastheur.throughput.raw:RawTeam", (Setting(cores(), cores(), unit="process"),), True)]
    if workload.kind == "atari":
        pools = tuple(Setting(count, workers[0]) for count in few)
        others.append(Contender(VECTOR, _PEERS + "ale_vector", pools, True))
    sync = (Setting(slots or 16),)
    teams = [Setting(count, count, unit="process") for count in (cores(), 4 * cores(), 16)]
    others += [
        Contender("Gymnasium Sync", _PEERS + "gymnasium_sync", sync, True),
        Contender(ASYNC, _PEERS + "gymnasium_async", tuple(dict.fromkeys(teams)), True),
    ]
    return [*others[:1], *found, *others[1:]]


def _schedules(workload: Workload, slots: int | None, counts: tuple[int, ...], threads: int) -> tuple[Setting, ...]:
    """What ``slots=auto threads=auto`` looks at: one pool, two that share the threads, two with all of them each.

    EnvPool's Atari, which takes seconds to build, is played as ``fastheur eval engine=envpool`` does by default.
    """
    if workload.kind == "atari":
        return (Setting(slots or SLOTS, threads),)
    shares = dict.fromkeys(((1, threads), (2, max(1, threads // 2)), (2, threads)))
    return tuple(Setting(count, share, lanes=lanes) for count in counts for lanes, share in shares)


def _asynchronous(counts: tuple[int, ...], threads: int) -> tuple[Setting, ...]:
    """Half and a quarter of the environments at a time, the shares that EnvPool's documentation uses."""
    largest = max(counts[0], 2)
    return tuple(Setting(largest, threads, batch) for batch in sorted({largest // 2, max(1, largest // 4)}))
