"""Several processes, maybe on several machines: who is who, and how this machine's share is started."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .config import Config
from .endings import Ending

PORT = 29500
FIRST_JOB_PORT, JOB_PORTS = 20000, 10000
# FSDP2, a state dictionary that is whole. Not tried with GPUs yet.
SHARDED = [
    "--use_fsdp",
    "--fsdp_version=2",
    "--fsdp_auto_wrap_policy=TRANSFORMER_BASED_WRAP",
    "--fsdp_reshard_after_forward=true",
    "--fsdp_state_dict_type=FULL_STATE_DICT",
    "--fsdp_cpu_ram_efficient_loading=false",
]


@dataclass(frozen=True)
class Place:
    """This machine among those of a job. The first one's address is null where there is but one."""

    rank: int
    main_address: str | None
    port: int

    @property
    def is_main(self) -> bool:
        return self.rank == 0


def find_place(config: Config) -> Place:
    """From what Slurm, SkyPilot or Kubernetes tell; raises the Ending environment_failed where none does."""
    environ = os.environ
    if config.nodes == 1:
        return Place(0, None, 0)
    if "SLURM_NODEID" in environ:
        hosts = _slurm_hosts(environ.get("SLURM_STEP_NODELIST") or environ.get("SLURM_JOB_NODELIST", ""))
        # Two jobs may share a machine.
        port = FIRST_JOB_PORT + int(environ.get("SLURM_JOB_ID", "0")) % JOB_PORTS
        return Place(int(environ["SLURM_NODEID"]), hosts[0], port)
    if "SKYPILOT_NODE_RANK" in environ:
        return Place(int(environ["SKYPILOT_NODE_RANK"]), environ["SKYPILOT_NODE_IPS"].split()[0], PORT)
    if "JOB_COMPLETION_INDEX" in environ and "MLLM_MAIN_ADDRESS" in environ:
        return Place(int(environ["JOB_COMPLETION_INDEX"]), environ["MLLM_MAIN_ADDRESS"], PORT)
    words = "neither Slurm nor SkyPilot nor Kubernetes tells which of them this is"
    raise Ending(None, "environment_failed", f"The job wants {config.nodes} machines, but {words}")


def _slurm_hosts(nodes: str) -> list[str]:
    try:
        result = subprocess.run(
            ["scontrol", "show", "hostnames", nodes], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Ending(None, "environment_failed", f"scontrol show hostnames {nodes}: {error}") from error
    return result.stdout.split()


def trainer_command(python: str, folder: Path, config: Config, place: Place) -> list[str]:
    module = ["mllm_trainer", str(folder / "job.json")]
    if config.processes == 1:
        return [python, "-m", *module]
    if config.gpus_per_node == 0:
        # accelerate starts processes without GPUs by MPI alone; this is what it uses for those with.
        return [python, "-m", "torch.distributed.run", *_torch_options(config, place), "-m", *module]
    how = SHARDED if _is_sharded(folder) else ["--multi_gpu"]
    return [
        *(python, "-m", "accelerate.commands.launch", *how, "--mixed_precision=no", "--dynamo_backend=no"),
        *(f"--num_processes={config.processes}", f"--num_machines={config.nodes}"),
        *(f"--machine_rank={place.rank}", f"--main_process_port={place.port}"),
        *([f"--main_process_ip={place.main_address}"] if place.main_address else []),
        *("--module", *module),
    ]


def _torch_options(config: Config, place: Place) -> list[str]:
    if place.main_address is None:
        return ["--standalone", "--nproc-per-node=1"]
    address = [f"--master-addr={place.main_address}", f"--master-port={place.port}"]
    return [f"--nnodes={config.nodes}", f"--node-rank={place.rank}", "--nproc-per-node=1", *address]


def _is_sharded(folder: Path) -> bool:
    """Full training does not fit beside its optimizer on one GPU; Muon needs matrices that are whole."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    return job["method"] == "full" and job["training"].get("optim") != "muon"
