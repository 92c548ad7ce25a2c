"""Fixtures shared by the tests."""

import gc
import os
import signal

import pytest

RANDOM_KERNEL = '''"""Uniformly random discrete actions, as a kernel."""
from fastheur.policy import Param, uniform
OBS = "any"
STATE = [("last", "i8"), ("seen", "f8", (2,))]
PARAMS = {"n": Param(4, 1, 18), "repeat": Param(0.5, 0.0, 1.0)}
def act(obs, info, state, params):
    if uniform(state) < params.repeat:
        return state.last
    state.last = int(uniform(state) * params.n)
    return state.last
'''


LONG = (
    "test_learn",
    "test_resident",
    "test_shipped_policies",
    "test_suite",
    "test_throughput",
    "test_vision",
    "test_wheel",
)
"""Files that take a worker a minute or more: they come first, so that no worker is left with one at the end."""


gc.set_threshold(50_000, 20, 20)  # a tenth of a worker's time otherwise: compilers and pytest keep very many objects

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of a shell's background job, and passed on to all it starts
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # of nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first, each whole, all others behind in their order."""
    items.sort(key=lambda item: item.path.stem not in LONG)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep compiled kernels of a test run apart from the user's; all its workers share them."""
    patch = pytest.MonkeyPatch()
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    folder.mkdir(exist_ok=True)
    patch.setenv("XDG_CACHE_HOME", str(folder))
    yield
    patch.undo()


@pytest.fixture
def random_kernel():
    """A loaded kernel policy that plays any discrete task with random actions."""
    from fastheur.loading import policy_from_source

    return policy_from_source(RANDOM_KERNEL, "random_kernel")
