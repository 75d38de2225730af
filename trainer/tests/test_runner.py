import fcntl
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from runner_world import World, is_alive, kill, starts_of, state_of, trainer_of, until

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.end()


def test_a_job_runs_to_its_end_with_log_and_state(world: World):
    job = world.job("a")
    code, output = world.run(job)
    assert (code, output) == (0, "training in a\n") and (job / "trainer.log").read_text() == output
    state = state_of(job)
    assert (state["state"], state["exitCode"], state["reason"], state["starts"]) == ("ended", 0, None, 1)
    assert state["label"] == "mllm-w-a-1" and 0 < state["spentSeconds"] < 30
    assert state["startedAt"] <= state["endedAt"] and state["processStart"] > 0


def test_the_trainers_exit_code_is_the_runners(world: World):
    job = world.job("a", {"exitCode": 3})
    assert world.run(job)[0] == 3
    assert (state_of(job)["exitCode"], state_of(job)["reason"]) == (3, "trainer")


def test_a_trainer_that_was_killed_is_told_as_shells_do(world: World):
    job = world.job("a", {"seconds": 60})
    runner = world.start(job)
    until(lambda: starts_of(job))
    assert state_of(job)["state"] == "running"
    os.kill(trainer_of(job), signal.SIGKILL)
    assert runner.wait(60) == 137
    assert state_of(job)["exitCode"] == 137


def test_all_mistakes_of_a_configuration_are_named(world: World):
    processes = {"nodes": 0, "gpusPerNode": "2"}
    job = world.job("a", deadlineSeconds=True, processes=processes, colour=1, release="elsewhere")
    fields = json.loads((job / "runner.json").read_text())
    del fields["slots"]
    (job / "runner.json").write_text(json.dumps(fields))
    code, output = world.run(job)
    assert code == 1 and state_of(job) == {}
    for words in (
        "deadlineSeconds: expected integer, found true",
        "processes.nodes: expected at least 1, found 0",
        'processes.gpusPerNode: expected integer, found "2"',
        "colour: unknown key",
        "slots: missing",
        'release: expected runpod, found "elsewhere"',
    ):
        assert words in output


def test_a_second_runner_leaves_the_first_alone(world: World):
    job = world.job("a", {"seconds": 60})
    first = world.start(job)
    until(lambda: starts_of(job))
    before = (job / "runner-state.json").read_bytes()
    assert world.run(job)[0] == 75
    assert (job / "runner-state.json").read_bytes() == before and len(starts_of(job)) == 1
    (job / "continue").touch()
    assert first.wait(60) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on(world: World, number: int):
    job = world.job("a", {"seconds": 60})
    runner = world.start(job)
    until(lambda: starts_of(job))
    assert kill(runner, number) == 143
    assert not is_alive(trainer_of(job))
    state = state_of(job)
    assert (state["state"], state["exitCode"], state["reason"]) == ("ended", 143, "signal")


def test_a_signal_that_reaches_both_is_told_as_one(world: World):
    job = world.job("a", {"seconds": 60})
    runner = world.start(job)
    until(lambda: starts_of(job))
    os.kill(trainer_of(job), signal.SIGTERM)
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(60) == 143
    assert state_of(job)["reason"] == "signal"


def test_a_warning_before_the_time_limit_ends_nothing(world: World):
    job = world.job("a", {"seconds": 60})
    runner = world.start(job)
    until(lambda: starts_of(job))
    runner.send_signal(signal.SIGUSR1)
    (job / "continue").touch()
    assert runner.wait(60) == 0


def test_no_trainer_survives_a_runner_that_was_killed_and_the_next_goes_on(world: World):
    job = world.job("a", {"seconds": 60, "ignoreTerm": True})
    runner = world.start(job)
    until(lambda: starts_of(job))
    trainer = trainer_of(job)
    kill(runner)
    until(lambda: not is_alive(trainer))
    assert state_of(job)["state"] == "running"
    (job / "continue").touch()
    assert world.run(job)[0] == 0
    assert state_of(job)["starts"] == 2 and len(starts_of(job)) == 2


def test_the_deadline_ends_a_job(world: World):
    job = world.job("a", {"seconds": 60}, deadlineSeconds=1)
    assert world.run(job)[0] == 124
    state = state_of(job)
    assert (state["exitCode"], state["reason"]) == (124, "deadline") and state["spentSeconds"] >= 1
    assert not is_alive(trainer_of(job))


def test_the_deadline_counts_all_starts_under_a_label(world: World):
    job = world.job("a", {"seconds": 60}, deadlineSeconds=3)
    runner = world.start(job)
    until(lambda: starts_of(job))
    kill(runner, signal.SIGTERM)
    state = state_of(job)
    (job / "runner-state.json").write_text(json.dumps(state | {"spentSeconds": 2.8}))
    assert world.run(job)[0] == 124
    state = state_of(job)
    assert 3 <= state["spentSeconds"] < 20 and state["starts"] == 2
    assert world.run(job)[0] == 124
    assert len(starts_of(job)) <= 2


def test_another_label_starts_from_nothing(world: World):
    job = world.job("a")
    assert world.run(job)[0] == 0
    (job / "runner-state.json").write_text(json.dumps(state_of(job) | {"spentSeconds": 1000}))
    world.job("a", label="mllm-w-a-2")
    assert world.run(job)[0] == 0
    assert state_of(job)["starts"] == 1 and state_of(job)["spentSeconds"] < 30


def test_a_trainer_that_is_still_there_is_waited_for(world: World):
    job = world.job("a", {"seconds": 60})
    with open(job / "lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        runner = world.start(job)
        until(lambda: state_of(job).get("state") == "running")
        (job / "continue").touch()
    assert runner.wait(60) == 0
    assert len(starts_of(job)) == 1
