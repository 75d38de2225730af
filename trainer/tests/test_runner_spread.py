import json
import os
import sys
from pathlib import Path

import pytest
from runner_world import runner_fields

from mllm_runner.config import Config, read_config
from mllm_runner.endings import Ending
from mllm_runner.spread import main, trainer_command, write
from mllm_runner.team import Place

ALONE = Place(0, None, 0)


def write_job(folder: Path, sharding: str | None, nodes: int, gpus: int) -> Config:
    (folder / "job.json").write_text(json.dumps({"sharding": sharding}))
    processes = {"nodes": nodes, "gpusPerNode": gpus}
    (folder / "runner.json").write_text(json.dumps(runner_fields(processes=processes)))
    return read_config(folder / "runner.json")


def test_one_process_is_the_trainer_itself(tmp_path: Path):
    for gpus in (0, 1):
        command = trainer_command("python", tmp_path, write_job(tmp_path, None, 1, gpus), ALONE)
        assert command == ["python", "-m", "mllm_trainer", str(tmp_path / "job.json")]
    assert not (tmp_path / "accelerate.json").exists()


@pytest.mark.parametrize("arguments", [[], ["job.json"], ["job.json", "two"], ["job.json", "2", "3"]])
def test_other_arguments_are_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture):
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("usage: python -m mllm_runner.spread")


def test_one_machine_needs_no_runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_job(tmp_path, "ddp", 1, 2)
    (tmp_path / "runner.json").unlink()
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, command: started.append(command))
    main([str(tmp_path / "job.json"), "2"])
    assert json.loads((tmp_path / "accelerate.json").read_text())["num_processes"] == 2
    assert "--main_process_port=0" in started[0] and started[0][-1] == str(tmp_path / "job.json")


def test_several_are_started_by_accelerate_with_the_file_in_the_jobs_folder(tmp_path: Path):
    config = write_job(tmp_path, "fsdp", 2, 4)
    command = trainer_command("python", tmp_path, config, Place(1, "host-a", 29500))
    assert command == [
        *("python", "-m", "accelerate.commands.launch", f"--config_file={tmp_path}/accelerate.json"),
        *("--machine_rank=1", "--main_process_port=29500", "--main_process_ip=host-a"),
        *("--module", "mllm_trainer", str(tmp_path / "job.json")),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["accelerate.json", "job.json", "runner.json"]


@pytest.mark.parametrize(
    ("sharding", "type_"), [("ddp", "MULTI_GPU"), ("fsdp", "FSDP"), ("zero3", "DEEPSPEED")]
)
def test_accelerate_reads_the_file_as_it_is_meant(tmp_path: Path, sharding: str, type_: str):
    arguments = pytest.importorskip("accelerate.commands.config.config_args")
    launch = pytest.importorskip("accelerate.commands.launch")
    path = write(tmp_path, sharding, write_job(tmp_path, sharding, 2, 4))
    parsed = arguments.load_config_from_file(str(path))
    assert (parsed.distributed_type.value, parsed.num_machines, parsed.num_processes) == (type_, 2, 8)
    assert parsed.fsdp_config.get("fsdp_version") == (2 if sharding == "fsdp" else None)
    assert parsed.deepspeed_config.get("zero_stage") == (3 if sharding == "zero3" else None)
    options = [f"--config_file={path}", "--machine_rank=1", "--main_process_ip=a", "--module", "m", "job"]
    seen, *_ = launch._validate_launch_command(launch.launch_command_parser().parse_args(options))
    assert (seen.multi_gpu, seen.use_fsdp, seen.use_deepspeed) == tuple(
        sharding == each for each in ("ddp", "fsdp", "zero3")
    )
    assert (seen.num_processes, seen.machine_rank, seen.mixed_precision) == (8, 1, "no")
    if sharding == "zero3":
        assert (seen.zero_stage, seen.deepspeed_multinode_launcher) == (3, "standard")
        assert seen.zero3_save_16bit_model is True


def test_zero3_without_deepspeed_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    config = write_job(tmp_path, "zero3", 1, 8)
    with pytest.raises(Ending, match=r"pip install -r trainer/requirements-deepspeed\.txt") as raised:
        trainer_command(sys.executable, tmp_path, config, ALONE)
    assert raised.value.reason == "environment_failed"
    (tmp_path / "deepspeed").mkdir()
    (tmp_path / "deepspeed/__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    assert "accelerate.commands.launch" in trainer_command(sys.executable, tmp_path, config, ALONE)
