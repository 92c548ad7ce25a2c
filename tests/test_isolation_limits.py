"""What surrounds the two walls: limits, capabilities, and packages without the folder they lie in."""

import resource
import sys
from pathlib import Path

import pytest
from walls import PACKAGE, USERS, WORKER, facts, process

import fastheur
from fastheur.isolation import IsolationError, limits, packages, privileges


def test_limits_are_lowered_to_the_table_and_never_raised():
    code = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (20, 32))
limits.apply(given["memory"])
tell(limits={limit.name: resource.getrlimit(getattr(resource, limit.name)) for limit in limits.LIMITS})
"""
    expected = {limit.name: [limit.value] * 2 for limit in limits.LIMITS}
    told = facts(code, memory=2 * limits.GIB)["limits"]
    assert told == expected | {"RLIMIT_AS": [2 * limits.GIB] * 2, "RLIMIT_NOFILE": [32, 32]}
    assert all(hasattr(resource, limit.name) and limit.why for limit in limits.LIMITS)


def test_memory_is_bounded():
    done = process("limits.apply(limits.GIB)\nbytearray(limits.GIB)")
    assert done.returncode == 1 and "MemoryError" in done.stderr


def test_too_little_memory_is_refused_by_name():
    with pytest.raises(IsolationError, match=r"memory is 4096 bytes, expected at least 1073741824"):
        limits.apply(4096)


@pytest.mark.parametrize("user", USERS)
def test_capabilities_are_gone_but_the_one_to_read(user):
    code = """
def held(name):
    return int(Path("/proc/self/status").read_text().split(name)[1].split()[0], 16)
before = held("CapPrm:")
privileges.drop()
tell(before=before, after=[held(name) for name in ("CapPrm:", "CapEff:", "CapInh:", "CapAmb:")])
"""
    told = facts(code, user)
    search, override = 1 << privileges.CAP_DAC_READ_SEARCH, 1 << privileges.CAP_DAC_OVERRIDE
    kept = told["before"] & (search if told["before"] & search else override)
    assert told["after"] == [kept, kept, 0, 0]


def test_packages_are_found_in_their_folders_and_others_are_not(tmp_path):
    (tmp_path / "whole" / "inner").mkdir(parents=True)
    for name in ("whole/__init__.py", "whole/part.py", "whole/inner/__init__.py", "single.py", "beside.py"):
        (tmp_path / name).write_text(f"NAME = {name!r}\n")
    code = """
import importlib
packages.install({name: Path(path) for name, path in given["folders"].items()})
names = {}
for name in ("whole", "whole.part", "whole.inner", "single", "beside", "whole.missing", "single.missing"):
    try:
        names[name] = importlib.import_module(name).NAME
    except ModuleNotFoundError:
        names[name] = None
tell(names=names)
"""
    told = facts(code, folders={"whole": str(tmp_path / "whole"), "single": str(tmp_path / "single.py")})
    assert told["names"] == {
        "whole": "whole/__init__.py",
        "whole.part": "whole/part.py",
        "whole.inner": "whole/inner/__init__.py",
        "single": "single.py",
        "beside": None,
        "whole.missing": None,
        "single.missing": None,
    }


def test_packages_are_located_with_the_libraries_beside_them():
    found = packages.locate([*WORKER, "fastheur"])
    assert {*WORKER, "fastheur", "numpy.libs"} <= set(found)
    assert found["fastheur"] == Path(fastheur.__file__).parent
    assert all(path.exists() for path in found.values())
    with pytest.raises(IsolationError, match="package nosuchpackage is not installed"):
        packages.locate(["nosuchpackage"])


def test_a_bare_interpreter_imports_the_walls_and_nothing_else():
    told = facts("tell(modules=sorted(sys.modules), path=sys.path)")
    tops = {name.partition(".")[0] for name in told["modules"]}
    assert tops <= {"fastheur", "__main__", "__mp_main__"} | set(sys.stdlib_module_names)
    assert {name for name in told["modules"] if name.startswith("fastheur.")} == {
        "fastheur.isolation",
        *(f"fastheur.isolation.{path.stem}" for path in (PACKAGE / "isolation").glob("[a-z]*.py")),
    }
    assert not any("site-packages" in one for one in told["path"])
