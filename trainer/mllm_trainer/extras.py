"""What some jobs need beyond requirements.txt, asked for before anything slow begins."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec

import torch

from .failures import Failure
from .job import Job

FILE = "trainer/requirements-cuda.txt"
# Of the optimizers that Transformers knows, those that bitsandbytes brings.
BITSANDBYTES = ("8bit", "paged", "lion", "ademamix")


def insist_on_extras(job: Job) -> None:
    """Raises Failure("bad_job") where this machine lacks a package or a GPU that the job asks for."""
    if job.training.get("use_liger_kernel") and not torch.cuda.is_available():
        message = "training.use_liger_kernel is true, but these kernels are for GPUs, and there is none"
        raise Failure("bad_job", message, "Leave training.use_liger_kernel out, or use a machine with a GPU.")
    for package, reason in _needs(job):
        if find_spec(package) is None:
            hint = (
                f"`mllm setup` brings it where there is a GPU; or: {sys.executable} -m pip install -r {FILE}"
            )
            raise Failure("bad_job", f"{reason} needs {package}, which is not installed", hint)


def _needs(job: Job) -> Iterator[tuple[str, str]]:
    if job.quantization:
        yield "bitsandbytes", f"quantization: {job.quantization}"
    optimizer = job.training.get("optim", "")
    if any(word in optimizer for word in BITSANDBYTES):
        yield "bitsandbytes", f"training.optim: {optimizer}"
    if job.training.get("use_liger_kernel"):
        yield "liger_kernel", "training.use_liger_kernel"
