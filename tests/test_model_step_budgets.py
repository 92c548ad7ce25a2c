"""A run's budget may cap model steps: what is used up ends the run, and what was taken is charged exactly."""

from dataclasses import replace

import pytest
from labs import config, tried
from planners import EACH, PLAN

from fastheur.budget import Budget, Spent
from fastheur.errors import ConfigError, LedgerError, RunOver
from fastheur.learning import begin, confirm, result, resume
from fastheur.meter import ModelStepsSpent, StepMeter, StepsSpent, read_meter
from fastheur.report.gathering import gather
from fastheur.report.site import write_report
from fastheur.run_ledger import RunLedger
from fastheur.run_tables import load
from fastheur.tasks import find_environment, find_protocol
from fastheur.trial_rows import settle_open

STEPS, EPISODES, SLOTS = 4, 2, 2
TRIAL = STEPS * EPISODES * EACH
"""Model steps of a trial's train episodes."""

CALMER = PLAN.replace("Param(1.0,", "Param(0.2,")


def settings(**budget):
    where = find_environment("mujoco/half_cheetah")
    return config(
        environment=where,
        protocol=replace(find_protocol(None, where), max_steps=STEPS),
        start=PLAN,
        start_name="plan.py",
        budget=Budget(10_000, **budget),
        train_episodes=EPISODES,
        validation_episodes=5,
        golden_cases=0,
        confirm_episodes=1,
        slots=SLOTS,
    )


@pytest.mark.parametrize("isolation", ["none", "strict"])
def test_a_trial_is_cut_once_the_model_steps_are_used_up_and_the_next_is_refused(tmp_path, isolation):
    left = SLOTS * EACH + 1  # two batches of two slots, the second of which goes beyond
    lab = begin(replace(settings(model_steps=TRIAL + left), isolation=isolation), tmp_path / "run")
    try:
        assert lab.spent.model_steps == TRIAL and lab.spent.left(lab.run.config.budget)["model_steps"] == left
        brief = lab.call("brief", {}).text
        assert f"{TRIAL:,} of {TRIAL + left:,} model steps" in brief and "may import\nfastheur.planner besides" in brief
        answer = tried(lab, CALMER)
        taken = TRIAL + 2 * SLOTS * EACH
        assert "What was left of the budget did not reach for it" in answer.text
        assert answer.data["spent"]["model_steps"] == taken and answer.data["left"]["model_steps"] == 0
        assert lab.over == f"the budget of {TRIAL + left:,} model steps is spent"
        with pytest.raises(RunOver):
            tried(lab, PLAN.replace("Param(1.0,", "Param(0.5,"))
        rows = [(row["status"], row["model_steps"]) for row in lab.run.ledger.trials()]
        assert rows == [("finished", TRIAL), ("interrupted", 2 * SLOTS * EACH)]
        assert lab.run.ledger.model_steps_by_role() == {"train": taken}
        record = gather(lab.run)
        assert record.spent.model_steps == taken and record.ideas[0].model_steps == TRIAL
        assert f"{taken:,} of {TRIAL + left:,} model steps" in str(result(lab.run))
        tables = load(tmp_path / "run")
        assert tables.trials["model_steps"].to_pylist() == [TRIAL, 2 * SLOTS * EACH]
        assert set(tables.table("episodes")["model_steps"].to_pylist()) == {STEPS * EACH}
    finally:
        lab.close()


def test_more_model_steps_take_a_run_up_again_and_its_champion_says_that_it_plans(tmp_path):
    begin(settings(model_steps=TRIAL), tmp_path / "run").close()
    lab = resume(tmp_path / "run", model_steps=2 * TRIAL)
    try:
        assert lab.over is None and "not reach" not in tried(lab, CALMER).text
        spent = lab.spent.model_steps
        assert spent >= 2 * TRIAL and "model steps is spent" in lab.over
        assert confirm(lab).cost.model_steps == STEPS * EACH  # sealed reads are beside the budget
        assert lab.spent.model_steps == spent
        said = f"plans with a model: {STEPS * EACH:,} model steps"
        assert f"The champion {said} in the sealed episodes." in str(result(lab.run))
        page = write_report([str(tmp_path / "run")], tmp_path / "report", "none").read_text()
        assert said in page and f"<dt>model steps</dt><dd>{spent:,}<small>of {2 * TRIAL:,}</small>" in page
    finally:
        lab.close()


def test_a_start_policy_that_plans_more_than_the_budget_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"budget\.model_steps=100 does not reach for the first trial"):
        begin(settings(model_steps=100), tmp_path / "run")


def test_a_run_that_plans_nothing_has_no_model_steps_not_even_none(tmp_path):
    lab = begin(config(), tmp_path / "run")
    try:
        assert "planner" not in lab.call("brief", {}).text
        assert lab.spent.model_steps is None and "model" not in lab.spent.text(lab.run.config.budget)
        assert {row["model_steps"] for row in lab.run.ledger.trials()} == {None}
        assert gather(lab.run).spent.model_steps is None and "model steps" not in str(result(lab.run))
    finally:
        lab.close()


def test_what_a_killed_player_had_planned_is_charged_when_the_run_is_taken_up(tmp_path):
    lab = begin(settings(), tmp_path / "run")
    lab.close()
    with RunLedger(tmp_path / "run" / "ledger.db") as ledger:
        trial = ledger.trials()[0]
        operation = ledger.open_operation("trial", {})
        start = ledger._row("SELECT * FROM trials WHERE trial = ?", (trial["trial"],))
        number, _ = ledger.reserve(operation, "train", 100)
        columns = {**start, "trial": None, "status": "running", "finished": None, "model_steps": None}
        again = ledger._insert_row(
            f"INSERT INTO trials ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
            tuple(columns.values()),
        )
        ledger._db.execute("INSERT INTO run_trials VALUES (?, ?)", (again, number))
        meter = StepMeter(tmp_path / "meter")
        meter.begin(number, 100, 1_000)
        meter.charge(8)
        meter.charge_model_steps(480)
        settle_open(ledger, meter)
        assert [row["model_steps"] for row in ledger.trials()][-1] == 480
        assert ledger.model_steps() == TRIAL + 480


def test_the_meter_counts_model_steps_and_begins_no_batch_beyond_their_limit(tmp_path):
    meter = StepMeter(tmp_path / "meter")
    meter.begin(3, 10, 100)
    meter.check_model_steps()
    meter.charge_model_steps(130)
    with pytest.raises(ModelStepsSpent, match="The 100 model steps that were left are used up"):
        meter.check_model_steps()
    assert read_meter(tmp_path / "meter") == (3, 0, 10, 130, 100) and issubclass(ModelStepsSpent, StepsSpent)
    meter.begin(4, 10)
    meter.charge_model_steps(10**12)
    meter.check_model_steps()
    assert StepMeter(tmp_path / "meter").model_taken == 10**12


def test_a_meter_of_older_runs_is_read_and_written_on(tmp_path):
    whole = StepMeter(tmp_path / "meter")
    whole.begin(7, 50)
    whole.charge(5)
    old = (tmp_path / "meter").read_bytes()[:24]
    (tmp_path / "old").write_bytes(old)
    assert read_meter(tmp_path / "old") == (7, 5, 50, 0, 0)
    meter = StepMeter(tmp_path / "old")
    assert (meter.reservation, meter.taken, meter.model_taken) == (7, 5, 0)
    (tmp_path / "short").write_bytes(old[:20])
    assert read_meter(tmp_path / "short") is None
    with pytest.raises(LedgerError):
        StepMeter(tmp_path / "none" / "meter")


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "many"])
def test_a_cap_is_a_whole_number(bad):
    with pytest.raises(ConfigError, match=r"budget\.model_steps"):
        Budget(100, model_steps=bad)


def test_budgets_say_what_is_left_of_model_steps():
    budget = Budget(100, model_steps=1_000)
    assert Spent(model_steps=400).left(budget)["model_steps"] == 600
    assert Spent().exhausted(budget) is None and Spent(model_steps=1_000).exhausted(budget)
    assert Spent(model_steps=400).text(Budget(100)) == "0 of 100 env steps, 400 model steps"
    assert "model_steps" not in Spent(model_steps=400).left(Budget(100))
