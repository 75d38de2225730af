"""What the libraries below the trainer are told before they are imported."""

import os
from pathlib import Path

from .job import Job


def set_environment(job: Job) -> None:
    """Leaves alone what is set already."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # Threads that spin while they wait cost most of the speed where other processes want the same cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    # Kernels compiled for each shape of batch are kept: by default so many that on a processor a job grows by
    # megabytes a step. So few serve as well.
    os.environ.setdefault("LRU_CACHE_CAPACITY", "64")
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    if job.model in ("tiny", "tiny-scratch") or Path(job.model).is_dir():
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if "LOCAL_RANK" not in os.environ:
        # One process uses one GPU; without this the Trainer would split batches over all it sees.
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
