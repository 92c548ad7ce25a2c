"""``fastheur doctor``: versions, cores, compiler, simulators; found out by trying, not by reading version numbers."""

import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any

from rich.table import Table

from fastheur import __version__, vizdoom_watch
from fastheur.commands import output
from fastheur.commands.display import console
from fastheur.errors import ConfigError, FastheurError
from fastheur.resources import CONF, POLICIES, cache_folder

Check = Callable[[], str]

PLAYED = (
    ("Atari", "atari/pong", "envpool"),
    ("Atari, engine=ale", "atari/pong", "ale"),
    ("MuJoCo", "mujoco/half_cheetah", "envpool"),
    ("VizDoom", "vizdoom/d1_basic", "envpool"),
    ("other EnvPool tasks", "CartPole-v1", "envpool"),
)
"""One short random episode of each, so that a missing library or ROM shows here and not in the middle of a run."""


def main(config: Mapping[str, Any]) -> int:
    """Run every check; the exit code is 2 when one that everything needs fails."""
    out = output.checked(config["out"])
    clean = config["clean"]
    if not isinstance(clean, bool):
        raise ConfigError(f"clean is {clean!r}, expected true or false.")
    checks: list[tuple[str, Check]] = [
        (
            "fastheur",
            lambda: f"{__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        ),
        ("libraries", _libraries),
        ("EnvPool bundle", _bundle),
        ("cores", lambda: f"{_cores()} usable of {os.cpu_count()}; no GPU needed"),
        ("C compiler", _compiler),
        ("Cython core", _core),
        ("Numba", _numba),
        ("kernel cache", _cache),
        ("isolation=strict", _isolation),
        (
            "conf and policies",
            lambda: f"{len(list(CONF.rglob('*.yaml')))} files, {len(list(POLICIES.rglob('*.py')))} policies",
        ),
        *((name, _player(task, engine)) for name, task, engine in PLAYED),
        ("VizDoom leftovers", lambda: _leftovers(clean)),
    ]
    table = Table(title="fastheur doctor", title_justify="left")
    for column in ("what", "works", "found"):
        table.add_column(column)
    found = {}
    for name, check in checks:
        try:
            found[name] = (True, check())
        except Exception as error:
            text = str(error) if isinstance(error, FastheurError) else f"{type(error).__name__}: {error}"
            found[name] = (False, text)
        table.add_row(name, "yes" if found[name][0] else "NO", found[name][1])
    console().print(table)
    if out:
        output.write_json({name: {"works": ok, "found": text} for name, (ok, text) in found.items()}, out)
    optional = ("C compiler", "isolation=strict", "VizDoom", "VizDoom leftovers", "kernel cache")
    return 2 if any(not ok for name, (ok, _) in found.items() if name not in optional) else 0


def _cores() -> int:
    from fastheur.engine import default_threads

    return default_threads("atari")


def _libraries() -> str:
    names = ("envpool", "ale-py", "numpy", "numba", "opencv-python-headless", "hydra-core")
    return ", ".join(f"{name} {metadata.version(name)}" for name in names)


def _bundle() -> str:
    from fastheur.envpool_tasks import task_ids

    return f"{len(task_ids())} task ids; ROMs, robots and maps come with it"


def _compiler() -> str:
    path = next(
        (found for name in (os.environ.get("CC", ""), "cc", "gcc", "clang") if name and (found := shutil.which(name))),
        None,
    )
    if path is None:
        raise FastheurError("none found; needed only to build fastheur from source")
    return path


def _core() -> str:
    from fastheur import _core

    threads = getattr(_core, "OPENMP", None)
    return "loaded" + ("" if threads is None else ", with OpenMP" if threads else ", without OpenMP")


def _numba() -> str:
    from fastheur.engines import make_engine
    from fastheur.host import Candidate
    from fastheur.in_process import make_host
    from fastheur.loading import policy_from_source
    from fastheur.tasks import find_environment, find_protocol, make_task

    where = find_environment("CartPole-v1")
    protocol = find_protocol(None, where)
    policy = policy_from_source(
        "OBS = 'state'\ndef act(obs, info, state, params):\n    return int(obs[2] > 0)\n", "doctor"
    )
    make_host([Candidate(policy, {})], make_engine("envpool", make_task(where, None, protocol), protocol).spec, 1)
    return "compiles a kernel policy"


def _cache() -> str:
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        return f"{folder} is writable"


def _isolation() -> str:
    from fastheur.isolation.acts import ACTS
    from fastheur.places import find_place

    stamp = find_place("strict").stamp
    return (
        f"holds: {len(ACTS)} forbidden acts were tried and none succeeded; Landlock ABI {stamp['landlock']}, "
        f"filter {stamp['seccomp'][:12]}"
    )


def _player(task: str, engine: str) -> Check:
    def play() -> str:
        from fastheur.evaluation import evaluate

        card = evaluate("random", task, episodes=1, max_steps=50, engine=engine)
        return f"{card.setting.env_id} played {card.cost.env_steps} env steps"

    return play


def _leftovers(clean: bool) -> str:
    """Look for what VizDoom left where a process was killed together with the one that clears up after it."""
    folders = vizdoom_watch.abandoned(tempfile.gettempdir())
    processes = sum(folder in folders for _, folder in vizdoom_watch.inhabitants())
    segments = vizdoom_watch.unheld()
    if clean:
        cleared = [vizdoom_watch.clear(folder) for folder in folders]
        processes = sum(killed for killed, _ in cleared)
        pieces = sum(removed for _, removed in cleared) + sum(map(vizdoom_watch.unlinked, vizdoom_watch.unheld()))
        return f"removed {processes} processes, {pieces} pieces of shared memory, {len(folders)} scratch folders"
    if folders or segments:
        raise FastheurError(
            f"{processes} processes, {len(segments)} pieces of shared memory and {len(folders)} scratch folders outlived "
            "their owners; `fastheur doctor clean=true` removes them"
        )
    return "none"
