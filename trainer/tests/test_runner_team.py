import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from runner_world import runner_fields, state_of

from mllm_runner.config import Config, read_config
from mllm_runner.endings import Ending
from mllm_runner.team import Place, find_place

ALONE = Place(0, None, 0)


def write(folder: Path, nodes: int, gpus: int) -> Config:
    processes = {"nodes": nodes, "gpusPerNode": gpus}
    (folder / "runner.json").write_text(json.dumps(runner_fields(processes=processes)))
    return read_config(folder / "runner.json")


ENVIRONMENTS = {
    "skypilot": {"SKYPILOT_NODE_RANK": "1", "SKYPILOT_NODE_IPS": "10.0.0.1\n10.0.0.2\n"},
    "kubernetes": {"JOB_COMPLETION_INDEX": "1", "MLLM_MAIN_ADDRESS": "10.0.0.1"},
    "slurm": {"SLURM_NODEID": "1", "SLURM_STEP_NODELIST": "gpu[1-2]", "SLURM_JOB_ID": "17"},
}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_machine_finds_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/scontrol").write_text('#!/bin/sh\n[ "$*" = "show hostnames gpu[1-2]" ] && echo 10.0.0.1')
    (tmp_path / "bin/scontrol").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    for key, value in ENVIRONMENTS[name].items():
        monkeypatch.setenv(key, value)
    place = find_place(write(tmp_path, 2, 1))
    assert (place.rank, place.main_address, place.is_main) == (1, "10.0.0.1", False)
    assert place.port == (20017 if name == "slurm" else 29500)
    assert find_place(write(tmp_path, 1, 1)) == ALONE


def test_a_machine_that_is_not_told_its_place_says_so(tmp_path: Path):
    """And so does the state, since no other machine would."""
    with pytest.raises(Ending, match="neither Slurm") as raised:
        find_place(write(tmp_path, 2, 1))
    assert raised.value.reason == "environment_failed"
    command = [sys.executable, "-m", "mllm_runner", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    assert subprocess.run(command, env=environment, capture_output=True, timeout=60).returncode == 1
    assert state_of(tmp_path)["reason"] == "environment_failed"
