"""A wheel built from the tree works in an empty environment elsewhere: it finds its conf/ and its policies."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An environment with the wheel in it; third-party libraries come from the one the tests run in."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    quickly = {**os.environ, "CFLAGS": "-O0"}  # what is compiled here has to work, and does little
    done = subprocess.run(build, capture_output=True, text=True, env=quickly)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    [wheel] = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    [site] = (folder / "env" / "lib").glob("python*/site-packages")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(pip, check=True)
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")  # .pth files inside it are not followed
    return python


def test_the_wheel_finds_its_conf_and_its_shipped_policies(installed, tmp_path):
    where = subprocess.run(
        [installed, "-c", "import fastheur; print(fastheur.__file__)"], cwd=tmp_path, capture_output=True, text=True
    )
    assert str(installed.parent.parent) in where.stdout, where.stdout + where.stderr
    for words in (
        ["eval", "env=CartPole-v1", "episodes=3"],
        ["eval", "env=atari/pong", "obs=ram", "protocol.max_steps=50"],
        ["eval", "env=mujoco/ant", "policy=random", "episodes=1"],
    ):
        done = subprocess.run([installed, "-m", "fastheur.cli", *words], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
