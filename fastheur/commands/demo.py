"""``fastheur demo``: the learning loop on Breakout, from a plain intercept policy to the record, without a language model."""

import shlex
from collections.abc import Mapping
from typing import Any

from fastheur.commands.display import console
from fastheur.commands.learn import learn
from fastheur.errors import IsolationError
from fastheur.report import write_report
from fastheur.run_folder import new_folder


def main(config: Mapping[str, Any]) -> int:
    """Learn, and say what to look at next."""
    print(
        "Breakout, from its 128 bytes of RAM: a program that only meets the ball, and a tuner that searches its switches and\n"
        "numbers. No network is trained, no key is needed. weng2026 is the deterministic setting of the published figures;\n"
        "robust adds sticky actions and random starts, and the sealed seeds are drawn now.\n",
        flush=True,
    )
    folder = str(new_folder(config["name"], "atari/breakout", "tuner"))
    config = {**config, "name": folder}
    try:
        code = learn(config, console())
    except IsolationError as error:  # only what is shipped here is played: numbers of a policy, no stranger's code
        print(f"{error}\nThe demo plays a shipped policy, so it goes on with isolation=process.\n", flush=True)
        code = learn({**config, "isolation": "process"}, console())
    if code == 0:
        print(f"What happened, as a page for a browser: {write_report([folder])}")
        print(f"See it play: fastheur replay {shlex.quote(folder)}. Next: fastheur learn env=atari/pong start=random")
    return code
