"""The command line: takes the verb and its positionals, hands the rest to Hydra. The only importer of Hydra."""

import difflib
import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from fastheur import __version__
from fastheur.errors import ConfigError, FastheurError, nearest
from fastheur.resources import CONF
from fastheur.tasks import environments

USAGE = """fastheur judges programmatic policies fast and honestly, in batches, on EnvPool.

  fastheur eval env=atari/breakout obs=ram      play a policy and score it (-m sweeps over lists: env=a,b params.x=1,2)
  fastheur check FILE [env=TASK]                does this policy keep the contract? with a short timing
  fastheur new NAME env=TASK [obs=MODE]         a commented start for a Heuristic System
  fastheur list                                 tasks, shipped policies and their best scores
  fastheur ledger export [out=FOLDER]           trials.jsonl and summary.csv from the ledger
  fastheur bench                                throughput over bare EnvPool on this machine
  fastheur doctor                               versions, cores, compiler, simulators: what works here
  fastheur demo                                 Breakout and Pong on both protocols

`fastheur VERB --help` shows a verb's settings. Exit codes: 0 done, 2 bad input, 130 interrupted."""


@dataclass(frozen=True)
class Verb:
    """A verb: the module that does it, and the names of its positional arguments (``?`` at the end: optional)."""

    module: str
    positionals: tuple[str, ...] = ()


VERBS = {
    "eval": Verb("fastheur.commands.eval"),
    "check": Verb("fastheur.commands.check", ("FILE",)),
    "new": Verb("fastheur.commands.new", ("NAME",)),
    "list": Verb("fastheur.commands.list"),
    "ledger": Verb("fastheur.commands.ledger", ("ACTION",)),
    "bench": Verb("fastheur.commands.bench"),
    "doctor": Verb("fastheur.commands.doctor"),
    "demo": Verb("fastheur.commands.demo"),
}
_OPEN_GROUPS = ("params.", "env.args.", "protocol.args.", "protocol.max_steps", "protocol.episodes", "env.id")
"""Settings a user may add although no file lists them: the ``++`` that Hydra wants is put in for them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if words else 2
    if words[0] in ("-V", "--version"):
        print(f"fastheur {__version__}")
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill settles the trial like Ctrl-C
    try:
        return _run(words[0], words[1:])
    except FastheurError as error:
        print(f"fastheur: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("fastheur: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader (head, less) has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(name: str, words: list[str]) -> int:
    if name not in VERBS:
        raise ConfigError(f"There is no verb {name!r}, expected one of {', '.join(VERBS)}.{nearest(name, VERBS)}")
    if "-h" in words or "--help" in words:
        print((CONF / f"{name}.yaml").read_text().rstrip())
        return 0
    sweep = "-m" in words or "--multirun" in words
    words = [word for word in words if word not in ("-m", "--multirun")]
    overrides = [word for word in words if "=" in word]
    positionals = _positionals(name, [word for word in words if "=" not in word])
    command = import_module(VERBS[name].module)
    if not sweep:
        return int(command.main(compose(name, overrides), *positionals))
    if name != "eval":
        raise ConfigError(f"-m sweeps evaluations: `fastheur eval -m ...`; found `fastheur {name} -m`.")
    return _sweep(overrides)


def _positionals(name: str, words: list[str]) -> list[str]:
    expected = VERBS[name].positionals
    if len(words) != len(expected):
        flags = [word for word in words if word.startswith("-")]
        what = f"unknown option {flags[0]}" if flags else f"found {' '.join(words) or 'none'}"
        raise ConfigError(
            f"`fastheur {name}` takes {' '.join(expected) or 'no bare words'}, {what}; settings are given as name=value."
        )
    return words


def compose(verb: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Return the verb's configuration with ``overrides`` applied, as plain dicts and lists."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    _register()
    try:
        with initialize_config_dir(str(CONF), version_base=None):
            config = hydra_compose(verb, [_opened(word) for word in _checked(overrides)])
        return _plain(OmegaConf.to_container(config, resolve=True))
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_hydra_reason(error, verb)) from error


def _sweep(overrides: Sequence[str]) -> int:
    """Run every combination through Hydra's own sweeper and joblib launcher; print what came out of each."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from fastheur.commands.eval import summary

    _register()
    folder = Path("runs/sweeps") / time.strftime("%Y%m%d-%H%M%S")
    jobs = next((word.split("=", 1)[1] for word in overrides if word.startswith("jobs=")), "1")
    settings = [
        "hydra/launcher=joblib",
        f"hydra.launcher.n_jobs={jobs}",
        f"hydra.sweep.dir={folder}",
        "hydra.job.chdir=false",
        "hydra/job_logging=none",
        "hydra/hydra_logging=none",
    ]
    arguments = sys.argv
    sys.argv = ["fastheur", "--multirun", *settings, *(_opened(word) for word in _checked(overrides))]
    try:
        hydra.main(version_base=None, config_path=str(CONF), config_name="eval")(sweep_job)()
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_hydra_reason(error, "eval")) from error
    finally:
        sys.argv = arguments
    return summary(folder)


def sweep_job(config: Any) -> None:
    """One job of a sweep: evaluate, and leave the Scorecard or the error in the job's folder."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    from fastheur.commands.eval import main_in_sweep

    runtime = HydraConfig.get()
    main_in_sweep(
        _plain(OmegaConf.to_container(config, resolve=True)), Path(runtime.runtime.output_dir), int(runtime.job.num)
    )


def _register() -> None:
    """Offer the 57 games to Hydra from the one table, as if each had its file."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    for name, environment in environments().items():
        if environment.suite == "atari":
            node = {
                "name": name,
                "id": environment.env_id,
                "suite": "atari",
                "modes": list(environment.modes),
                "protocol": environment.protocol,
                "args": {},
            }
            store.store(group="env/atari", name=name.split("/")[1], node=node, package="env")


def _checked(overrides: Sequence[str]) -> list[str]:
    """Refuse unknown tasks and protocols with the nearest names; let an EnvPool id stand for its long form."""
    checked = []
    for word in overrides:
        key, value = word.split("=", 1)
        choices = [choice.strip() for choice in value.split(",")]
        if key == "env":
            known = environments()
            if len(choices) == 1 and "/" not in value and value != "envpool" and re.search(r"-v\d+$", value):
                listed = next((entry.name for entry in known.values() if entry.env_id == value), None)
                checked += [f"env={listed}"] if listed else ["env=envpool", f"++env.id={value}"]
                continue
            for choice in choices:
                if choice not in known and choice != "envpool" and not re.match(r"(choice|glob)\(", value):
                    raise ConfigError(
                        f"There is no task {choice!r}.{nearest(choice, known)} `fastheur list` shows all; any other EnvPool "
                        "task is env=envpool env.id=ID."
                    )
        if key == "protocol":
            names = [path.stem for path in (CONF / "protocol").glob("*.yaml")]
            for choice in choices:
                if choice not in (*names, "null"):
                    raise ConfigError(
                        f"There is no protocol {choice!r}, expected one of {', '.join(sorted(names))}.{nearest(choice, names)}"
                    )
        checked.append(word)
    return checked


def _opened(word: str) -> str:
    return "++" + word if word.startswith(_OPEN_GROUPS) else word


def _hydra_reason(error: Exception, verb: str) -> str:
    """Turn Hydra's report into what was found, what is allowed, and the nearest name."""
    text = str(error)
    names = [*re.findall(r"^(\w+):", (CONF / f"{verb}.yaml").read_text(), re.MULTILINE), "env", "protocol"]
    unknown = re.search(r"[Kk]ey '([^']+)' is not in struct|Could not override '([^']+)'", text)
    if unknown:
        name = unknown.group(1) or unknown.group(2)
        close = difflib.get_close_matches(name, names, 1)
        hint = f" Did you mean {close[0]}?" if close else ""
        return f"`fastheur {verb}` has no setting {name!r}.{hint} `fastheur {verb} --help` shows all of them."
    return "Cannot read the settings: " + " ".join(line.strip() for line in text.splitlines() if line.strip())[:400]


def _plain(config: Any) -> dict[str, Any]:
    if not isinstance(config, Mapping):
        raise ConfigError("The configuration is no mapping.")
    return {str(key): value for key, value in config.items()}


if __name__ == "__main__":
    sys.exit(main())
