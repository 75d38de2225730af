import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from runner_world import World, kill, starts_of, state_of, until

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]

# `nvidia-smi` of a machine with two GPUs, the first of which another program uses.
NVIDIA_SMI = """#!/bin/sh
case "$1" in
  --query-gpu=*) printf '0, GPU-a\\n1, GPU-b\\n2, GPU-c\\n' ;;
  --query-compute-apps=*) printf 'GPU-a\\n' ;;
esac
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.end()


@pytest.fixture
def gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/nvidia-smi").write_text(NVIDIA_SMI)
    (tmp_path / "bin/nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")


def write_parent(folder: Path, **state: object) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "runner-state.json").write_text(json.dumps(state))
    return str(folder)


def test_a_job_waits_until_its_parent_has_succeeded(world: World, tmp_path: Path):
    parent = write_parent(tmp_path / "parent", state="running", exitCode=None)
    job = world.job("a", after=parent, deadlineSeconds=2)
    runner = world.start(job)
    until(lambda: state_of(job).get("state") == "waiting")
    assert not starts_of(job)
    write_parent(tmp_path / "parent", state="ended", exitCode=0)
    assert runner.wait(60) == 0


def test_a_job_whose_parent_has_failed_ends(world: World, tmp_path: Path):
    parent = write_parent(tmp_path / "parent", state="ended", exitCode=1, reason="trainer", message="no disk")
    job = world.job("a", after=parent)
    assert world.run(job)[0] == 1
    state = state_of(job)
    assert (state["exitCode"], state["reason"]) == (None, "parent_failed") and "no disk" in state["message"]
    assert not starts_of(job)


def test_what_an_earlier_attempt_of_the_parent_said_does_not_count(world: World, tmp_path: Path):
    parent = world.job("parent", label="mllm-w-p-2")
    write_parent(parent, state="ended", exitCode=1, label="mllm-w-p-1")
    runner = world.start(world.job("a", after=str(parent)))
    until(lambda: state_of(tmp_path / "a").get("state") == "waiting")
    assert world.run(parent)[0] == 0
    assert runner.wait(60) == 0


def test_a_job_that_waits_can_be_ended_and_has_spent_nothing(world: World, tmp_path: Path):
    job = world.job("a", after=str(tmp_path / "nowhere"), deadlineSeconds=1)
    runner = world.start(job)
    until(lambda: state_of(job).get("state") == "waiting")
    with pytest.raises(Exception, match="timed out"):
        runner.wait(2)
    assert kill(runner, signal.SIGTERM) == 143
    assert state_of(job)["reason"] == "signal" and state_of(job)["spentSeconds"] < 1


def test_of_two_jobs_that_want_the_one_place_one_waits(world: World, tmp_path: Path):
    slots = str(tmp_path / "slots")
    jobs = [world.job(name, {"seconds": 60}, slots=slots) for name in ("a", "b")]
    runners = [world.start(job) for job in jobs]
    until(lambda: sorted(state_of(job).get("state", "") for job in jobs) == ["running", "waiting"])
    first = next(job for job in jobs if state_of(job)["state"] == "running")
    second = next(job for job in jobs if job != first)
    until(lambda: starts_of(first))
    assert not starts_of(second)
    (first / "continue").touch()
    until(lambda: starts_of(second))
    assert state_of(first)["state"] == "ended"
    (second / "continue").touch()
    assert [runner.wait(60) for runner in runners] == [0, 0]
    assert starts_of(first)[0].endswith(" ")


def test_a_killed_runner_leaves_its_place(world: World, tmp_path: Path):
    slots = str(tmp_path / "slots")
    jobs = [world.job(name, {"seconds": 60}, slots=slots) for name in ("a", "b")]
    first = world.start(jobs[0])
    until(lambda: starts_of(jobs[0]))
    second = world.start(jobs[1])
    kill(first)
    until(lambda: starts_of(jobs[1]))
    (jobs[1] / "continue").touch()
    assert second.wait(60) == 0


@pytest.mark.usefixtures("gpus")
def test_gpus_in_use_are_passed_over(world: World, tmp_path: Path):
    slots, processes = str(tmp_path / "slots"), {"nodes": 1, "gpusPerNode": 1}
    jobs = [world.job(name, {"seconds": 60}, slots=slots, processes=processes) for name in ("a", "b", "c")]
    for job in jobs[:2]:
        world.start(job)
        until(lambda job=job: starts_of(job))
    assert [starts_of(job)[0].split()[1] for job in jobs[:2]] == ["1", "2"]
    third = world.start(jobs[2])
    until(lambda: state_of(jobs[2]).get("state") == "waiting")
    (jobs[1] / "continue").touch()
    until(lambda: starts_of(jobs[2]))
    assert starts_of(jobs[2])[0].split()[1] == "2"
    (jobs[2] / "continue").touch()
    assert third.wait(60) == 0


@pytest.mark.usefixtures("gpus")
def test_more_gpus_than_there_are_is_told(world: World, tmp_path: Path):
    processes = {"nodes": 1, "gpusPerNode": 4}
    job = world.job("a", slots=str(tmp_path / "slots"), processes=processes)
    assert world.run(job)[0] == 1
    assert state_of(job)["reason"] == "environment_failed" and "4 GPUs" in state_of(job)["message"]


def environment(tmp_path: Path, requirements: str) -> dict[str, str]:
    (tmp_path / "requirements.txt").write_text(requirements)
    return {"folder": str(tmp_path / "venv"), "requirements": str(tmp_path / "requirements.txt")}


def test_an_environment_is_made_once(world: World, tmp_path: Path):
    job = world.job("a", python=None, environment=environment(tmp_path, ""))
    assert "Making" in world.run(job)[1]
    assert (tmp_path / "venv/bin/python").exists()
    code, output = world.run(job)
    assert code == 0 and "Making" not in output


@pytest.mark.usefixtures("gpus")
def test_a_machine_with_gpus_has_an_environment_of_its_own(world: World, tmp_path: Path):
    (tmp_path / "requirements-cuda.txt").write_text("")
    job = world.job("a", python=None, environment=environment(tmp_path, ""))
    assert f"{tmp_path}/requirements-cuda.txt" in world.run(job)[1]
    assert (tmp_path / "venv-cuda/bin/python").exists() and not (tmp_path / "venv").exists()


def test_an_environment_that_cannot_be_made_is_told_with_the_last_lines(world: World, tmp_path: Path):
    job = world.job("a", python=None, environment=environment(tmp_path, "./nowhere-at-all\n"))
    assert world.run(job)[0] == 1
    state = state_of(job)
    assert state["reason"] == "environment_failed" and "nowhere-at-all" in state["message"]
    assert "nowhere-at-all" in (job / "trainer.log").read_text() and not starts_of(job)
