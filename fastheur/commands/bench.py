"""``fastheur bench``: the whole evaluation path over bare EnvPool, and the Cython core over NumPy, OpenCV and Numba."""

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from fastheur.benchmark import CONTESTS, Row, run_contest
from fastheur.benchmark_core import core_ratios
from fastheur.commands import output
from fastheur.commands.display import console
from fastheur.engine import default_threads
from fastheur.errors import whole

CORE_TARGETS = (5.0, 1.0)
"""At least this many times as fast as the NumPy twin, and as OpenCV where it has the operation; the second is also the
target against Numba for the kernels of ``benchmark_core.RIVALRY``."""


def main(config: Mapping[str, Any]) -> int:
    """Measure and print the ratios."""
    for name in ("steps", "repeats", "slots"):
        whole(name, config[name])
    whole("threads", config["threads"], 0)
    out = output.checked(config["out"])
    machine = f"{_processor()}, {default_threads('atari')} cores, {platform.platform()}"
    print(
        f"{machine}\n{config['slots']} slots, {config['steps']} steps per block, median of {config['repeats']} blocks",
        flush=True,
    )
    wanted = [contest for contest in CONTESTS if not config["only"] or config["only"].lower() in contest.name.lower()]
    rows: list[Row] = []
    for contest in wanted:
        steps = min(config["steps"], 999 // (config["repeats"] + 1)) if contest.mode == "state" else config["steps"]
        rows.append(
            run_contest(
                contest, slots=config["slots"], threads=config["threads"], steps=steps, repeats=config["repeats"]
            )
        )
    if rows:
        console().print(_path_table(rows))
    core = core_ratios(config["repeats"]) if not config["only"] or config["only"] == "core" else []
    if core:
        console().print(_core_table(core))
    if out:
        output.write_json({"machine": machine, "paths": [row.to_dict() for row in rows], "core": core}, out)
    return 0


def _path_table(rows: list[Row]) -> Table:
    table = Table(title="Whole evaluation path over bare EnvPool, same actions", title_justify="left")
    for name in ("policy", "fastheur steps/s", "EnvPool steps/s", "ratio", "min .. max", "target"):
        table.add_column(name, justify="left" if name == "policy" else "right")
    for row in rows:
        spread = f"{row.ratio_low:.3f} .. {row.ratio_high:.3f}"
        table.add_row(
            row.name, f"{row.fastheur:,.0f}", f"{row.envpool:,.0f}", f"{row.ratio:.3f}", spread, f">= {row.target:.2f}"
        )
    return table


def _core_table(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="_core on 64 frames: times as fast as ...", title_justify="left")
    for name in ("kernel", "NumPy twin", "target", "OpenCV", "target", "Numba", "target"):
        table.add_column(name, justify="left" if name == "kernel" else "right")
    for row in rows:
        cv2 = "-" if row["vs_cv2"] is None else f"{row['vs_cv2']:.2f}"
        rival = f">= {CORE_TARGETS[1]:.0f}"
        table.add_row(
            row["name"],
            f"{row['vs_twin']:.1f}",
            f">= {CORE_TARGETS[0]:.0f}",
            cv2,
            rival if cv2 != "-" else "",
            f"{row['vs_numba']:.2f}",
            rival if row["rivalry"] else "",
        )
    return table


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
