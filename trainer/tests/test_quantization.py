"""On a processor; bitsandbytes computes the same there, slowly."""

import sys
from pathlib import Path

import pytest
from world import attempt, events_of, manifest_of, write_job

from mllm_trainer.checkpoints import read_checkpoint

pytestmark = pytest.mark.process

LORA = {
    "method": "lora",
    "lora": {"r": 8, "lora_alpha": 16, "lora_dropout": 0.0, "target_modules": "all-linear"},
    "model": "tiny",
}
TRAINING = {"optim": "adamw_torch", "max_steps": 6, "learning_rate": 2e-3}
# Counts the matrices of 4 bits when training begins.
PRELUDE = """
import mllm_trainer.trainer as trainer
def counted(self, setup, init=trainer.RoleTrainer.__init__):
    init(self, setup)
    kinds = [type(parameter).__name__ for parameter in self.model.parameters()]
    print("matrices of 4 bits:", kinds.count("Params4bit"), flush=True)
trainer.RoleTrainer.__init__ = counted
"""


def log_of(job: Path) -> str:
    return (job.parent / "trainer.log").read_text()


def test_adapters_learn_on_a_base_of_4_bits_and_stage_2_goes_on_from_it_merged(data: Path, tmp_path: Path):
    pytest.importorskip("bitsandbytes")
    job = write_job(tmp_path / "one", data, quantization="nf4", training=TRAINING, **LORA)
    assert attempt(job, prelude=PRELUDE) == 0, log_of(job)
    assert "matrices of 4 bits: 14" in log_of(job)
    done = events_of(job, "done")[-1]
    assert done["validationLoss"] < done["initialValidationLoss"] - 0.5
    manifest = manifest_of(done["best"])
    assert (manifest["kind"], manifest["quantization"]) == ("adapter", "nf4")

    parent = read_checkpoint(Path(done["best"]))
    assert parent is not None
    reference = {"jobId": None, "id": manifest["id"], "hash": manifest["hash"]}
    fields = LORA | {"model": done["best"], "parent": reference, "stage": 2, "subset": "planner"}
    role = write_job(tmp_path / "two", data, quantization="nf4", training=TRAINING, **fields)
    assert attempt(role, prelude=PRELUDE) == 0, log_of(role)
    assert "matrices of 4 bits: 14" in log_of(role)
    (base,) = role.parent.glob("base-*")
    assert "quantization" not in (base / "config.json").read_text()
    # The merged base is quantised anew, so it is near what the parent came to, not at it.
    assert events_of(role, "done")[-1]["initialValidationLoss"] < done["initialValidationLoss"] - 0.5


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        (LORA | {"quantization": "nf4"}, "quantization: nf4 needs bitsandbytes"),
        ({"training": {"optim": "adamw_8bit"}}, "training.optim: adamw_8bit needs bitsandbytes"),
        ({"training": {"use_liger_kernel": True}}, "kernels are for GPUs"),
    ],
)
def test_what_this_machine_lacks_is_told_before_anything_slow(
    data: Path, tmp_path: Path, changes: dict, word: str
):
    job = write_job(tmp_path / "job", data, **changes)
    assert attempt(job, prelude="import mllm_trainer.extras as e\ne.find_spec = lambda _: None") == 1
    (failed,) = events_of(job, "failed")
    assert failed["reason"] == "bad_job" and word in failed["message"]
    if "needs" in word:
        assert f"{sys.executable} -m pip install -r trainer/requirements-cuda.txt" in failed["hint"]
