"""Behind the walls: what may be read is read, nothing else is, and honest work goes on. Live, in processes of their own."""

import errno
import os
import shutil
import signal
import sysconfig
import tempfile
import threading
from pathlib import Path

import pytest
from walls import ORDINARY, PACKAGE, USERS, WORKER, facts

from fastheur.isolation import IsolationError, acts, files, packages, reading, system


@pytest.fixture
def ground():
    """A folder that every user can reach, which pytest's own need not be."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def place(ground):
    """A folder that the ordinary user owns: ``open/file``, ``open/inner/file``, ``closed/file``, a link between."""
    for name in ("open", "open/inner", "closed"):
        (ground / name).mkdir()
        (ground / name / "file").write_text("content")
    (ground / "open" / "link").symlink_to(ground / "closed" / "file")
    for path in (ground, *ground.rglob("*")):
        if os.geteuid() == 0:
            os.chown(path, ORDINARY, ORDINARY, follow_symlinks=False)
    return ground


def folders(**others):
    return {name: str(path) for name, path in (packages.locate(WORKER) | {"fastheur": PACKAGE} | others).items()}


@pytest.mark.parametrize("user", USERS)
def test_a_rule_opens_its_path_and_what_lies_below_and_nothing_else(place, user):
    code = """
place = Path(given["place"])
(place / "closed" / "late").write_text("text")
abi = files.restrict([
    files.Rule(place / "open", files.READ, "both"),
    files.Rule(place / "not there", files.READ, "missing"),
    files.Rule(place / "open" / "file" / "below", files.READ, "no folder"),
    files.Rule(place / "closed" / "file", files.READ_DIR, "a right that no file has"),
])
tell(abi=abi, known=files.abi(), answers={
    "inside": outcome((place / "open" / "file").read_text),
    "below": outcome((place / "open" / "inner" / "file").read_text),
    "list inside": sorted(outcome(os.listdir, place / "open")),
    "outside": outcome((place / "closed" / "file").read_text),
    "through a link": outcome((place / "open" / "link").read_text),
    "through dots": outcome((place / "open" / ".." / "closed" / "file").read_text),
    "list outside": outcome(os.listdir, place),
    "write": outcome(os.open, place / "open" / "file", os.O_WRONLY),
    "make": outcome(os.open, place / "open" / "new", os.O_WRONLY | os.O_CREAT),
    "remove": outcome(os.unlink, place / "open" / "file"),
    "truncate": outcome(os.truncate, place / "open" / "file", 0),
    "move": outcome(os.rename, place / "open" / "file", place / "open" / "inner" / "other"),
    "execute": outcome(os.execv, "/bin/true", ["true"]),
})
"""
    told = facts(code, user, place=str(place))
    assert told["abi"] == told["known"] == files.abi()
    assert told["answers"] == {
        "inside": "content",
        "below": "content",
        "list inside": ["file", "inner", "link"],
        **dict.fromkeys(
            ("outside", "through a link", "through dots", "list outside", "write", "make", "remove", "move", "execute"),
            errno.EACCES,
        ),
        "truncate": errno.EACCES if told["abi"] >= 3 else None,
    }
    assert (place / "open" / "file").exists()


@pytest.mark.parametrize("user", USERS)
def test_names_and_content_are_two_rights(place, user):
    code = """
place = Path(given["place"])
files.restrict([
    files.Rule(place, files.READ_DIR, "names"),
    files.Rule(place / "open" / "file", files.READ, "one file: the right to list does not fit and is left out"),
    files.Rule(place / "open" / "inner", files.READ_FILE, "content"),
])
tell(answers=[
    sorted(os.listdir(place / "closed")),
    outcome((place / "closed" / "file").read_text),
    (place / "open" / "file").read_text(),
    (place / "open" / "inner" / "file").read_text(),
])
"""
    answers = [["file", "late"], errno.EACCES, "content", "content"]
    (place / "closed" / "late").write_text("text")
    assert facts(code, user, place=str(place))["answers"] == answers


def test_each_abi_takes_away_what_its_kernels_know():
    assert [files.handled(version).files.bit_count() for version in (1, 2, 3, 4, 5, 6, 7)] == [
        13,
        14,
        15,
        15,
        16,
        16,
        16,
    ]
    assert [files.handled(version).network for version in (3, 4, 7)] == [0, 3, 3]
    assert [files.handled(version).scopes for version in (5, 6, 7)] == [0, 3, 3]
    assert files.handled(99) == files.Abi(
        99, *(getattr(files.handled(7), name) for name in ("files", "network", "scopes"))
    )


def test_a_second_thread_would_stay_free_so_it_is_refused():
    go = threading.Event()
    thread = threading.Thread(target=go.wait)
    thread.start()
    try:
        with pytest.raises(IsolationError, match=r"threads run before Landlock, expected 1.*OMP_NUM_THREADS"):
            files.restrict([])
    finally:
        go.set()
        thread.join()


def test_threads_are_counted_also_where_proc_is_closed():
    code = """
counter = threads.Threads()
files.restrict([])
counter.require_one("the fork")
go = threading.Event()
threading.Thread(target=go.wait, daemon=True).start()
try:
    counter.require_one("the fork")
except IsolationError as error:
    tell(message=str(error), proc=outcome(os.listdir, "/proc/self/task"))
"""
    told = facts(code)
    assert told["message"].startswith("2 threads run before the fork, expected 1")
    assert told["proc"] == errno.EACCES


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOSYS, "older than Linux 5.13"),
        (errno.EOPNOTSUPP, "lsm="),
        (errno.EPERM, "container's own filter"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_a_machine_without_landlock_says_why(monkeypatch, code, reason):
    def refuse(*_):
        raise OSError(code, "refused")

    monkeypatch.setattr(system, "call", refuse)
    with pytest.raises(IsolationError, match=reason):
        files.abi()


@pytest.fixture(scope="module")
def rules():
    """What a worker may read, as a bare interpreter finds it."""
    code = """
folders = {name: Path(path) for name, path in given["folders"].items()}
tell(rules=[[str(rule.path), rule.rights, rule.why] for rule in reading.python_rules(folders)])
"""
    return [(Path(path), rights, why) for path, rights, why in facts(code, folders=folders())["rules"]]


def test_no_rule_can_write_or_execute_and_each_has_a_reason(rules):
    assert all(why and not rights & ~files.READ for _, rights, why in rules)


@pytest.mark.parametrize(
    "forbidden", ["/", "/etc", "/proc", "/home", "/root", "/tmp", "/usr", "/usr/lib", "/dev", "/sys"]
)
def test_no_rule_opens_a_whole_system_folder(rules, forbidden):
    assert not any(path == Path(forbidden) for path, _, _ in rules)


def test_content_is_readable_by_entry_only(rules):
    readable = {path for path, rights, _ in rules if rights & files.READ_FILE}
    library, site = Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))
    closed = {
        library,
        library / "site-packages",
        library / "test",
        site,
        site / "ale_py",
        PACKAGE,
        PACKAGE / "data",
        Path.home(),
    }
    assert not any(path in readable or set(path.parents) & readable for path in closed)
    assert library / "json" in readable and PACKAGE / "vision" in readable and site / "numpy.libs" in readable


def wheel(folder):
    """A copy of the package as a wheel lays it out: configuration and policies inside."""
    inside = folder / "site" / "fastheur"
    leave = shutil.ignore_patterns("*.c", "*.pyx", "agents", "commands", "throughput", "probing")
    shutil.copytree(PACKAGE, inside, ignore=leave)
    for name in ("policies/atari/pong/ram.py", "conf/eval.yaml", "data/atari57.csv"):
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        (inside / name).write_text("secret")
    return inside


HONEST = """
folders = {name: Path(path) for name, path in given["folders"].items()}
limits.apply()
privileges.drop()
counter = threads.Threads()
abi = files.restrict(reading.python_rules(folders))
packages.install(folders)
import warnings
warnings.filterwarnings("ignore", "Could not obtain multiprocessing lock")  # there is no /dev/shm
import cv2, numba, numpy, traceback
import fastheur.kernel, fastheur.vision
import numba.np.ufunc.parallel
cv2.setNumThreads(1)
counter.require_one("the fork")
counter.close()
numba.np.ufunc.parallel._launch_threads()
digest = filters.install()

@numba.njit(boundscheck=True)
def act(obs, index):
    return obs[index] + 1 + fastheur.vision.count_value(obs.reshape(2, 4), 3, 0, 2, 0, 4)

@numba.njit(parallel=True)
def total(values):
    found = 0.0
    for index in numba.prange(values.size):
        found += values[index]
    return found

obs = numpy.full(8, 3, dtype=numpy.uint8)
try:
    act(obs, 99)
except IndexError:
    lines = traceback.format_exc()
def inside(name):
    return outcome((folders["fastheur"] / name).read_text)
tell(
    abi=abi, digest=digest, act=int(act(obs, 1)), total=total(numpy.ones(100)), lines=lines,
    size=cv2.resize(numpy.zeros((210, 160, 3), numpy.uint8), (84, 84)).shape,
    solved=numpy.linalg.solve(numpy.eye(3), numpy.arange(3.0)).tolist(), home=os.path.expanduser("~"),
    secrets=[inside(name) for name in given["secrets"]],
    names=[outcome(os.listdir, folders["fastheur"] / name) for name in ("", "policies")],
    path=[one for one in sys.path if "packages" in one],
    others=[outcome(os.listdir, folders["numpy"].parent), outcome(os.listdir, folders["numpy"].parent / "ale_py")],
)
"""


@pytest.mark.parametrize("user", USERS)
def test_honest_work_goes_on_behind_all_walls(ground, user):
    inside = wheel(ground)
    secrets = ["policies/atari/pong/ram.py", "conf/eval.yaml", "data/atari57.csv"]
    told = facts(HONEST, user, package=inside, folders=folders(fastheur=inside), secrets=secrets)
    assert told["abi"] == files.abi()
    assert (told["act"], told["total"], told["size"], told["solved"]) == (12, 100.0, [84, 84, 3], [0.0, 1.0, 2.0])
    assert "IndexError: index is out of bounds" in told["lines"]
    assert told["home"]  # asked of the name service: its socket is refused, and the work goes on
    assert told["secrets"] == [errno.EACCES] * 3
    assert told["names"] == [errno.EACCES] * 2
    assert told["path"] == []
    assert told["others"] == [errno.EACCES] * 2


ACTS = """
place, outcomes = Path(given["place"]), {}
rules = reading.python_rules({})
for number, name in enumerate(acts.ACTS):
    folder = place / str(number)
    folder.mkdir()
    file = folder / "file"
    file.write_text("content")
    targets = acts.Targets(file, folder, os.getpid())
    child = os.fork()
    if child == 0:
        if given["walls"]:
            limits.apply()
            privileges.drop()
            files.restrict(rules)
            filters.install()
        acts.run(name, targets)
    status = os.waitpid(child, 0)[1]
    outcomes[name] = [acts.contained(status), status, file.exists() and file.read_text()]
tell(outcomes=outcomes)
"""


@pytest.mark.parametrize("user", USERS)
def test_every_forbidden_act_is_contained(place, user):
    outcomes = facts(ACTS, user, place=str(place), walls=True)["outcomes"]
    assert set(outcomes) == set(acts.ACTS)
    assert [name for name, (held, _, content) in outcomes.items() if not held or content != "content"] == []


@pytest.mark.parametrize("user", USERS)
def test_every_forbidden_act_succeeds_without_walls_or_it_would_prove_nothing(place, user):
    outcomes = facts(ACTS, user, place=str(place), walls=False)["outcomes"]
    assert {name: status for name, (_, status, _) in outcomes.items() if status != acts.BREACHED << 8} == {}


def test_only_a_refusal_or_the_filter_counts_as_contained():
    assert acts.contained(acts.DENIED << 8) and acts.contained(signal.SIGSYS)
    assert not any(
        map(acts.contained, (0, acts.BREACHED << 8, acts.UNCLEAR << 8, 1 << 8, signal.SIGKILL, signal.SIGSEGV))
    )


def test_our_own_code_is_what_python_runs(tmp_path):
    inside = wheel(tmp_path)
    own = {rule.path.name for rule in reading.python_rules({"fastheur": inside}) if inside in rule.path.parents}
    assert {"__init__.py", "policy.py", "vision", "isolation"} <= own
    assert not own & {"policies", "conf", "data", "py.typed"}
