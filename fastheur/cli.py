"""The command line: takes the verb and its positionals, hands the rest to Hydra. The only importer of Hydra."""

import contextlib
import copy
import difflib
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from fastheur import __version__
from fastheur.errors import ConfigError, FastheurError, nearest
from fastheur.resident_client import answer
from fastheur.resources import CONF
from fastheur.verbs import USAGE, VERBS

_OPEN_GROUPS = ("params.", "env.args.", "protocol.args.", "protocol.max_steps", "protocol.episodes", "env.id")
"""Settings a user may add although no file lists them: the ``++`` that Hydra wants is put in for them."""

_TEXTS = ("policy", "out", "ledger", "notes", "plot", "run", "start", "name", "resume", "file", "runs", "systems")
"""Settings whose value is taken as it stands, whatever Hydra's grammar would make of spaces, commas and quotes."""

TRACEBACK = "FASTHEUR_TRACEBACK"
"""Environment variable that shows the whole trace of an internal error."""

_SETTING = re.compile(r"[+~]*\w[\w./@-]*=")
_ENVPOOL_ID = re.compile(r".+-v\d+")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: the process's own, or ``argv`` for a caller inside Python."""
    words = list(sys.argv[1:] if argv is None else argv)
    served = answer(words) if argv is None else None
    if served is not None:
        return served
    if not words or words[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if words else 2
    if words[0] in ("-V", "--version"):
        print(f"fastheur {__version__}")
        return 0
    if argv is None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill settles the trial like Ctrl-C
    try:
        if sys.stdout is None:
            raise ConfigError("Standard output is closed; send it to a file or to /dev/null.")
        code = _run(words[0], words[1:])
        sys.stdout.flush()  # a full disk is to be told here and not by the interpreter's end
        return code
    except KeyboardInterrupt:
        return _failed("interrupted", 130)
    except FastheurError as error:
        return _failed(str(error))
    except BrokenPipeError:  # the reader (head, less) has had enough
        _drop_output()
        return 0
    except OSError as error:
        if os.environ.get(TRACEBACK):
            raise
        _drop_output()
        return _failed(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.")
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        what = f"internal error: {type(error).__name__}: {error}."
        return _failed(f"{what} Set {TRACEBACK}=1 for the whole trace; please report it.", 1)


def _failed(message: str, code: int = 2) -> int:
    with contextlib.suppress(OSError):  # the exit code still tells where standard error is gone
        print(f"fastheur: {message}", file=sys.stderr, flush=True)
    return code


def _drop_output() -> None:
    """Let what is still buffered go nowhere, so that the interpreter's end does not fail on it again."""
    with contextlib.suppress(OSError, ValueError):  # a test's standard output is no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _run(name: str, words: list[str]) -> int:
    if name not in VERBS:
        raise ConfigError(f"There is no verb {name!r}, expected one of {', '.join(VERBS)}.{nearest(name, VERBS)}")
    if "-h" in words or "--help" in words:
        print((CONF / f"{name}.yaml").read_text().rstrip())
        return 0
    if VERBS[name].plain:
        return int(import_module(VERBS[name].module).main(words))
    sweep = "-m" in words or "--multirun" in words
    words = [word for word in words if word not in ("-m", "--multirun")]
    overrides = [word for word in words if _is_setting(name, word)]
    positionals = _positionals(name, [word for word in words if word not in overrides])
    _refuse_hydra(overrides)
    if name == "suite" and not sweep:
        return _suite(positionals[0], overrides)
    command = import_module(VERBS[name].module)
    if not sweep:
        return int(command.main(compose(name, overrides), *positionals))
    if name != "eval":
        raise ConfigError(f"-m sweeps evaluations: `fastheur eval -m ...`; found `fastheur {name} -m`.")
    return _sweep(overrides)


def _is_setting(name: str, word: str) -> bool:
    """True for ``name=value``; a file with ``=`` in its name stays a file where one is expected."""
    return bool(_SETTING.match(word)) and not ("FILE" in VERBS[name].positionals and Path(word).is_file())


def _refuse_hydra(overrides: Sequence[str]) -> None:
    for word in overrides:
        if re.match(r"[+~]*hydra\b", word):
            raise ConfigError(
                f"Found {word}: fastheur sets Hydra up itself, leave it away; under -m jobs=N is the number of processes."
            )


def _positionals(name: str, words: list[str]) -> list[str]:
    expected = VERBS[name].positionals
    several = bool(expected) and expected[-1].endswith(" ...")
    if len(words) != len(expected) and not (several and len(words) > len(expected)):
        flags = [word for word in words if word.startswith("-")]
        what = f"unknown option {flags[0]}" if flags else f"found {' '.join(words) or 'none'}"
        raise ConfigError(
            f"`fastheur {name}` takes {' '.join(expected) or 'no bare words'}, {what}; settings are given as name=value."
        )
    return words


def compose(verb: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Return the verb's configuration with ``overrides`` applied, as plain dicts and lists."""
    if any("${" in word for word in overrides):  # an interpolation may have another value every time
        return _composed.__wrapped__(verb, tuple(overrides))
    return copy.deepcopy(_composed(verb, tuple(overrides)))


@lru_cache(maxsize=64)
def _composed(verb: str, overrides: tuple[str, ...]) -> dict[str, Any]:
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    _register()
    GlobalHydra.instance().clear()  # a resident process may have been interrupted in here
    try:
        with initialize_config_dir(str(CONF), version_base=None):
            words = [_listed(word) if verb == "race" else word for word in _checked(overrides)]
            config = hydra_compose(verb, [_quoted(_opened(word)) for word in words])
        return _plain(OmegaConf.to_container(config, resolve=True))
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_hydra_reason(error, verb)) from error


def _sweep(overrides: Sequence[str]) -> int:
    """Evaluate every combination of ``overrides``; print what came out of each."""
    from fastheur.commands.eval import summary

    folder = _sweep_folder(overrides)
    try:
        _multirun("eval", overrides, folder, sweep_job)
    except KeyboardInterrupt:
        summary(folder)
        raise
    return summary(folder)


def _suite(name: str, overrides: Sequence[str]) -> int:
    """Play what a suite has to play, a job per game, and show how it stands then."""
    from fastheur.commands import suite

    config = compose("suite", overrides)
    games = suite.pending(config, name)
    if games:
        words = [word for word in overrides if not word.startswith("games=")]
        folder = _sweep_folder(words)
        _multirun("suite", [*words, f"+of={name}", f"+game={','.join(games)}"], folder, suite_job)
        suite.played(folder)
    return int(suite.main(config, name))


def _multirun(verb: str, overrides: Sequence[str], folder: Path, job: Callable[[Any], None]) -> None:
    """Run ``job`` for every combination through Hydra's own sweeper and joblib launcher."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    _register()
    settings = [
        "hydra/launcher=joblib",
        f"hydra.launcher.n_jobs={_jobs(overrides)}",
        f"hydra.sweep.dir={folder}",
        "hydra.job.chdir=false",
        "hydra/job_logging=none",
        "hydra/hydra_logging=none",
    ]
    words = ["fastheur", "--multirun", *settings, *(_opened(word) for word in _checked(overrides))]
    try:
        with _hydra_call(words):
            hydra.main(version_base=None, config_path=str(CONF), config_name=verb)(job)()
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_hydra_reason(error, verb)) from error
    finally:
        if not any(path.is_dir() for path in folder.iterdir()):  # nothing is left of a sweep that did not start
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _hydra_call(words: list[str]) -> Iterator[None]:
    """Give Hydra its command line, and have it raise its errors: else it prints them and exits."""
    arguments, full = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = words
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = arguments
        if full is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full


def _values(overrides: Sequence[str], name: str) -> list[str]:
    return [word.split("=", 1)[1] for word in overrides if word.lstrip("+").startswith(f"{name}=")]


def _jobs(overrides: Sequence[str]) -> int:
    value = (_values(overrides, "jobs") or ["1"])[-1]
    if not re.fullmatch(r"0*[1-9][0-9]*", value):
        raise ConfigError(f"jobs is {value!r}, expected a whole number from 1: how many processes play at a time.")
    return int(value)


def _sweep_folder(overrides: Sequence[str]) -> Path:
    """Make a folder for the jobs, after a look at where their results are to go."""
    from fastheur.commands import output

    for value in _values(overrides, "out"):
        if value.lower() not in ("null", "false"):
            output.checked_folder(value.strip("'\""))
    folder = Path("runs/sweeps") / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise ConfigError(
            f"Cannot make {folder} here: {error.strerror}. Sweep in a folder you may write in."
        ) from error
    return folder


def sweep_job(config: Any) -> None:
    """One job of a sweep: evaluate, and leave the Scorecard or the error in the job's folder."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    from fastheur.commands.eval import main_in_sweep

    runtime = HydraConfig.get()
    main_in_sweep(
        _plain(OmegaConf.to_container(config, resolve=True)), Path(runtime.runtime.output_dir), int(runtime.job.num)
    )


def suite_job(config: Any) -> None:
    """One job of a suite: play what one game has to play."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    from fastheur.commands.suite import play

    play(_plain(OmegaConf.to_container(config, resolve=True)), Path(HydraConfig.get().runtime.output_dir))


@cache
def _register() -> None:
    """Offer the 57 games to Hydra from the one table, as if each had its file."""
    from hydra.core.config_store import ConfigStore

    from fastheur.tasks import environments

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
            checked += _env(value, choices)
            continue
        if key in ("protocol", "agent"):
            names = [path.stem for path in (CONF / key).glob("*.yaml")]
            for choice in choices:
                if choice not in (*names, "null"):
                    raise ConfigError(
                        f"There is no {key} {choice!r}, expected one of {', '.join(sorted(names))}.{nearest(choice, names)}"
                    )
        checked.append(word)
    return checked


def _env(value: str, choices: Sequence[str]) -> list[str]:
    """Return the overrides that stand for ``env=value``: task names, or EnvPool ids alone."""
    from fastheur.tasks import environments

    if re.match(r"(choice|glob)\(", value):
        return [f"env={value}"]
    known = environments()
    names = {entry.env_id: name for name, entry in known.items()}
    choices = [choice if choice in known else names.get(choice, choice) for choice in choices]
    ids = [choice for choice in choices if choice not in known and _ENVPOOL_ID.fullmatch(choice)]
    for choice in choices:
        if choice not in known and choice not in ids and choice != "envpool":
            raise ConfigError(
                f"There is no task {choice!r}.{nearest(choice, known)} `fastheur list` shows all; any other EnvPool "
                "task is env=envpool env.id=ID."
            )
    if ids and len(ids) < len(choices):
        raise ConfigError(
            f"env={value} mixes listed tasks with EnvPool ids that are not listed ({', '.join(ids)}); sweep over each "
            "kind by itself."
        )
    return ["env=envpool", f"++env.id={','.join(ids)}"] if ids else [f"env={','.join(choices)}"]


def _opened(word: str) -> str:
    return "++" + word if word.startswith(_OPEN_GROUPS) else word


def _listed(word: str) -> str:
    """Turn a sweep over a parameter, in Hydra's own grammar (``1,2``, ``range(0,3)``), into a list: all in one race."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    if not word.lstrip("+").startswith("params."):
        return word
    override = OverridesParser.create().parse_override(word)
    if not override.is_sweep_override():
        return word
    if not (override.is_choice_sweep() or override.is_range_sweep()):
        raise ConfigError(f"Found {word}, expected values to race: {word.split('=', 1)[0]}=1,2,3 or =range(0,1,0.1).")
    return f"{word.split('=', 1)[0]}=[{','.join(override.sweep_string_iterator())}]"


def _quoted(word: str) -> str:
    """Put a text that is no ``null`` into Hydra's quotes; not under -m, where a comma makes a list."""
    from hydra.core.override_parser.types import Quote, QuotedString

    key, value = word.split("=", 1)
    if key.lstrip("+") not in _TEXTS or value.lower() == "null":
        return word
    literal = value.replace("${", "\\${")  # no interpolation
    return f"{key}={QuotedString(literal, Quote.single).with_quotes()}"


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
