"""Build of the Cython parts; everything else about the package stands in ``pyproject.toml``.

``FASTHEUR_DEBUG=1 pip install .`` brings bounds checks, wraparound and overflow checks back.
OpenMP is used when the compiler has it; ``FASTHEUR_OPENMP=0`` leaves it out. An ``-O`` in ``CFLAGS`` stands in place of ours.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG = os.environ.get("FASTHEUR_DEBUG", "0") == "1"

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": DEBUG,
    "initializedcheck": DEBUG,
    "cdivision": not DEBUG,
    "nonecheck": DEBUG,
}


def openmp_flags() -> list[str]:
    """Return the compiler's OpenMP flag, or nothing where a trial compile with it fails."""
    if os.environ.get("FASTHEUR_OPENMP", "1") == "0":
        return []
    compiler = os.environ.get("CC", "cc").split()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text("#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n")
        command = [*compiler, "-fopenmp", str(source), "-o", str(Path(folder, "probe"))]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        except (OSError, subprocess.SubprocessError):
            print("fastheur: no OpenMP with this compiler, building without it", file=sys.stderr)
            return []
    return ["-fopenmp"]


OPENMP = openmp_flags()
OPTIMISED = ["-O1", "-g"] if DEBUG else [] if "-O" in os.environ.get("CFLAGS", "") else ["-O3"]


def compiled(name: str) -> Extension:
    """Return the extension module ``name``, from the Cython file of that name."""
    return Extension(
        name,
        [name.replace(".", "/") + ".pyx"],
        include_dirs=[numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
        extra_compile_args=[*OPTIMISED, *OPENMP],
        extra_link_args=OPENMP,
    )


setup(
    ext_modules=cythonize(
        [compiled("fastheur._core"), compiled("fastheur.planner._backward")], compiler_directives=DIRECTIVES
    )
)
