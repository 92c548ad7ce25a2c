"""A report of many trials: how long it takes to build, how soon its page can be used, and how large its folder is.

    python bench/report.py [TRIALS]

The run is written through the real ledger, with values that nobody played and that are always the same. The page can be used
once its script has the data of all trials; then the table is sorted and filtered once, which counts too.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from browsers import opened
from made_runs import make_run

TURNS = 5

USE = """
const began = performance.now();
document.querySelector('.trials th[data-key=score] button').click();
const field = document.querySelector('.filters').elements.text;
field.value = 'side walls';
field.dispatchEvent(new Event('input', {bubbles: true}));
document.body.getBoundingClientRect();
return performance.now() - began;
"""


def built(run: Path, out: Path) -> float:
    """Return the seconds of the whole command, from its start to its end."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "fastheur", "report", str(run), f"out={out}"]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def usable(page: Path, profile: Path) -> tuple[float, float]:
    """Return the seconds from the address to a page whose script is ready, and those of sorting and filtering once."""
    with opened(profile) as browser:
        began = time.perf_counter()
        browser.open(page)
        browser.wait("return document.documentElement.dataset.ready")
        ready = time.perf_counter() - began
        used = float(browser.run(USE)) / 1e3
        complaints = browser.complaints()
    if complaints:
        raise SystemExit(f"The page complains: {complaints}")
    return ready, used


def main() -> int:
    """Measure and print a line each; the best and the worst of some turns, since a machine is rarely alone."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run, out = make_run(folder / "run", trials), folder / "out"
        seconds = sorted(built(run, out) for _ in range(TURNS))
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
        times = [usable(out / "index.html", folder / f"profile{turn}") for turn in range(TURNS)]
        ready, whole = sorted(one for one, _ in times), sorted(map(sum, times))
    print(f"{trials:,} trials: built in {seconds[0]:.2f} to {seconds[-1]:.2f} s, {size / 1e6:.2f} MB without videos")
    print(
        f"page ready in {ready[0]:.2f} to {ready[-1]:.2f} s, sorted and filtered once {whole[0]:.2f} to {whole[-1]:.2f} s "
        f"after it was asked for"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
