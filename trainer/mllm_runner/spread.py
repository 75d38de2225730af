"""How a job is spread over processes: accelerate's configuration, and the command that starts with it.

`python -m mllm_runner.spread JOB_FOLDER/job.json PROCESSES` becomes that, on one machine without a runner.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .commands import environment
from .config import Config
from .endings import Ending
from .team import Place

FILE = "accelerate.json"
FSDP = {
    "fsdp_version": 2,
    "fsdp_auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
    "fsdp_reshard_after_forward": True,
    # Checkpoints are whole, whatever the number of GPUs: the first process gathers and writes them.
    "fsdp_state_dict_type": "FULL_STATE_DICT",
    "fsdp_offload_params": False,
    "fsdp_cpu_ram_efficient_loading": True,
}
ZERO3 = {
    "zero_stage": 3,
    # The model is loaded whole by each process, and then shared out.
    "zero3_init_flag": False,
    "zero3_save_16bit_model": True,
    "offload_optimizer_device": "none",
    "offload_param_device": "none",
    # As for the others: each machine starts its own processes.
    "deepspeed_multinode_launcher": "standard",
}
KINDS: dict[str, dict[str, Any]] = {
    "ddp": {"distributed_type": "MULTI_GPU"},
    "fsdp": {"distributed_type": "FSDP", "fsdp_config": FSDP},
    "zero3": {"distributed_type": "DEEPSPEED", "deepspeed_config": ZERO3},
}
INSTALL = "python -m pip install -r trainer/requirements-deepspeed.txt"


@dataclass(frozen=True)
class OneMachine:
    processes: int
    nodes: int = 1


def trainer_command(python: str, folder: Path, config: Config | OneMachine, place: Place) -> list[str]:
    """Of this machine's share. Where several processes train, their configuration is written first."""
    module = ["mllm_trainer", str(folder / "job.json")]
    if config.processes == 1:
        return [python, "-m", *module]
    sharding = json.loads((folder / "job.json").read_text(encoding="utf-8"))["sharding"] or "ddp"
    if sharding == "zero3":
        _insist_on_deepspeed(python)
    return [
        *(python, "-m", "accelerate.commands.launch", f"--config_file={write(folder, sharding, config)}"),
        *(f"--machine_rank={place.rank}", f"--main_process_port={place.port}"),
        *([f"--main_process_ip={place.main_address}"] if place.main_address else []),
        *("--module", *module),
    ]


def accelerate_config(sharding: str, config: Config | OneMachine) -> dict[str, Any]:
    """The same on every machine: what tells them apart is in the command."""
    return {
        "compute_environment": "LOCAL_MACHINE",
        **KINDS[sharding],
        "num_machines": config.nodes,
        "num_processes": config.processes,
        "rdzv_backend": "static",
        "same_network": True,
        # The trainer chooses both.
        "mixed_precision": "no",
        "dynamo_config": {},
        "use_cpu": False,
        "debug": False,
    }


def write(folder: Path, sharding: str, config: Config | OneMachine) -> Path:
    path = folder / FILE
    # Machines may share the folder, and each writes the same.
    temporary = path.with_name(f".{FILE}.{os.uname().nodename}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(accelerate_config(sharding, config), indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)
    return path


def _insist_on_deepspeed(python: str) -> None:
    """accelerate would end without a word that anyone finds."""
    found = subprocess.run(
        [python, "-c", "import importlib.util as u, sys; sys.exit(u.find_spec('deepspeed') is None)"],
        env=environment(),
        timeout=60,
    )
    if found.returncode != 0:
        message = f"sharding: zero3 needs DeepSpeed, which {python} lacks. {INSTALL} brings it"
        raise Ending(None, "environment_failed", f"{message}; sharding: fsdp needs nothing more.")


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or not arguments[1].isdecimal():
        print("usage: python -m mllm_runner.spread JOB_FOLDER/job.json PROCESSES", file=sys.stderr)
        return 2
    job, processes = arguments
    try:
        machine = OneMachine(int(processes))
        command = trainer_command(sys.executable, Path(job).absolute().parent, machine, Place(0, None, 0))
    except Ending as refusal:
        sys.exit(str(refusal))
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
