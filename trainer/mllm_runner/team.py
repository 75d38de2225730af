"""Several machines: which of them this one is."""

import os
import subprocess
from dataclasses import dataclass

from .config import Config
from .endings import Ending

PORT = 29500
FIRST_JOB_PORT, JOB_PORTS = 20000, 10000


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
