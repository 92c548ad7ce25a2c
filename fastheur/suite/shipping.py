"""From a run folder to a Heuristic System: policy, memory, golden cases, trials and the record of the run."""

import json
import time
from pathlib import Path
from typing import Any

from fastheur import memory, regress
from fastheur.drafts import write_whole
from fastheur.errors import ConfigError
from fastheur.ledger_export import records
from fastheur.run_ledger import RunLedger
from fastheur.runs import Run
from fastheur.suite.definition import Suite
from fastheur.suite.record import Best, Read, RunRecord


def ship(run: Run, suite: Suite, folder: Path) -> RunRecord:
    """Write a confirmed run into ``folder`` as a Heuristic System and return its record.

    ``MODE.py`` is the champion's text to the letter, so that its hash is that of the ledger. A ``memory.md`` that is there stays: it was
    written by hand.

    Raises:
        ConfigError: the run is not confirmed, or its champion of a checkpoint was not read.
    """
    ledger, config = run.ledger, run.config
    if ledger.value("status") != "confirmed":
        raise ConfigError(
            f"{run.folder} is not confirmed yet; only a run that is over and read on its sealed seeds is shipped."
        )
    champion = ledger.champion
    assert champion is not None
    record = _record(run, suite)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{config.mode}.py", champion.source.encode())
    write_whole(folder / "golden.json", regress.to_json(ledger.golden()).encode())
    write_whole(folder / "trials.jsonl", "".join(json.dumps(line) + "\n" for line in _trials(ledger)).encode())
    if not (folder / "memory.md").exists():
        write_whole(folder / "memory.md", memory.as_markdown(ledger.memory()).encode())
    record.write(folder)
    return record


def _trials(ledger: RunLedger) -> list[dict[str, Any]]:
    """Return the lines of ``trials.jsonl``; running totals are of the whole run, probes and traces included."""
    charged = ledger.charged_by_trial()
    return [
        {**line, "cumulative_env_steps": charged[line["trial_index"]]} for line in records(ledger.trials(), fold=True)
    ]


def _record(run: Run, suite: Suite) -> RunRecord:
    ledger, config = run.ledger, run.config
    charged, sealed = ledger.steps()
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ledger.value("created")))
    best, reads = _best(ledger, suite), _reads(ledger, suite)
    champion = ledger.champion
    assert champion is not None
    needed = {one.sha256 for one in best[-1:]} | {one.sha256 for one in reads if one.sha256}
    return RunRecord(
        task=config.task.name,
        env_id=config.task.env_id,
        obs_mode=config.mode,
        protocol=config.confirm_protocol.label(config.task),
        reference_protocol=suite.reference_protocol,
        max_steps=config.confirm_protocol.max_steps,
        budget=config.budget.env_steps,
        env_steps=charged,
        by_role={role: steps for role, steps in ledger.steps_by_role().items() if role != "sealed"},
        sealed_steps=sealed,
        trials=len(ledger.trials()),
        versions=len(ledger.versions()),
        wall_s=ledger.wall_s(),
        tokens=ledger.charged()[0],
        began=began,
        commitment=ledger.value("commitment"),
        secret=ledger.value("secret"),
        best=best,
        reads=reads,
        sealed_wall_s=sum(trial["wall_s"] or 0.0 for trial in ledger.trials() if trial["split"] == "sealed"),
        sources={sha256: ledger.source(sha256) for sha256 in sorted(needed - {champion.policy_sha256})},
    )


def _best(ledger: RunLedger, suite: Suite) -> tuple[Best, ...]:
    """Return the rising best of finished trials on the train split under the reference's protocol."""
    charged, found = ledger.charged_by_trial(), list[Best]()
    for trial in ledger.trials():
        if (trial["protocol"], trial["split"]) != (suite.reference_protocol, "train") or trial["score_max"] is None:
            continue
        if found and trial["score_max"] <= found[-1].score:
            continue
        episode = ledger.best_episode(trial["trial"])
        found.append(
            Best(
                charged[trial["trial"]], trial["score_max"], trial["name"], trial["policy_sha256"], json.loads(trial["params"]),
                episode["action_hash"],
            )
        )  # fmt: skip
    return tuple(found)


def _reads(ledger: RunLedger, suite: Suite) -> tuple[Read, ...]:
    """Return what the champions of the checkpoints did on the sealed seeds.

    Raises:
        ConfigError: a checkpoint was not read.
    """
    known = {one["env_steps"]: one for one in ledger.value("checkpoints") or []}
    missing = [checkpoint for checkpoint in suite.checkpoints if checkpoint not in known]
    if missing:
        raise ConfigError(f"The run's champions at {missing} env steps were not read on its sealed seeds.")
    reads = []
    for checkpoint in suite.checkpoints:
        version, card = known[checkpoint]["version"], known[checkpoint]["card"]
        if card is None:
            reads.append(Read(checkpoint, None))
            continue
        reads.append(
            Read(
                checkpoint, f"v{version}", card["policy_sha256"], tuple(card["returns"]), tuple(card["lengths"]),
                tuple(card["action_hashes"]),
            )
        )  # fmt: skip
    return tuple(reads)
