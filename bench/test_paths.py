"""One block of a few contenders, as pytest-benchmark rows; `fastheur bench` lets all of them take turns and compares.

Everything runs in this process, with settings as they are: good for finding what a change costs, not for ratios.
"""

import pytest

from fastheur.throughput.contenders import SLOTS
from fastheur.throughput.corner import Meter
from fastheur.throughput.ours import BareSync, full_path_envpool, record
from fastheur.throughput.setting import Setting, cores
from fastheur.throughput.tape import Tape
from fastheur.throughput.workloads import WORKLOADS

STEPS, ROUNDS = 60, 5


@pytest.fixture(
    scope="module", params=[workload for workload in WORKLOADS if workload.key != "native"], ids=lambda w: w.key
)
def recorded(request, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("tape") / "tape.npy")
    record(request.param, path)
    return request.param, Tape.load(path)


@pytest.mark.parametrize("make", [BareSync, full_path_envpool], ids=["bare EnvPool", "fastheur"])
def test_path(benchmark, recorded, make):
    workload, tape = recorded
    player = make(workload, Setting(SLOTS, cores()))
    player.load(tape)
    meter = Meter(player)
    meter.seconds(STEPS)
    benchmark.group = workload.title
    benchmark.pedantic(meter.seconds, args=(STEPS,), rounds=ROUNDS, iterations=1)
    benchmark.extra_info["steps_per_s"] = STEPS * SLOTS / benchmark.stats.stats.median
    player.close()
