from pathlib import Path
from types import SimpleNamespace

import torch
from accelerate.utils import FullyShardedDataParallelPlugin
from world import write_data, write_job

from mllm_trainer.checkpoints import drop_resume_files, seal
from mllm_trainer.job import read_job
from mllm_trainer.sharding import keep_precision


def test_in_bfloat16_gradients_are_summed_and_losses_told_in_float32():
    plugin = FullyShardedDataParallelPlugin(fsdp_version=2)
    accelerator = SimpleNamespace(state=SimpleNamespace(fsdp_plugin=plugin))
    keep_precision(accelerator)
    assert plugin.mixed_precision_policy is None
    plugin.set_mixed_precision("bf16")
    keep_precision(accelerator)
    policy = plugin.mixed_precision_policy
    assert (policy.param_dtype, policy.reduce_dtype, policy.output_dtype) == (
        torch.bfloat16,
        torch.float32,
        None,
    )


def test_deepspeeds_parts_are_for_resuming_only(tmp_path: Path):
    job = read_job(write_job(tmp_path / "job", write_data(tmp_path / "data")))
    folder = job.checkpoints / "checkpoint-3"
    (folder / "global_step3").mkdir(parents=True)
    names = ("global_step3/part_0.pt", "latest", "zero_to_fp32.py")
    for name in (*names, "model.safetensors"):
        (folder / name).write_text("x")
    metrics = {"validationLoss": 1.0, "initialValidationLoss": 2.0, "trainLoss": 1.0}
    checkpoint = seal(folder, job, {"globalStep": 3, "metrics": metrics})
    assert [file["path"] for file in checkpoint.manifest["files"]] == ["model.safetensors"]
    assert {file["path"] for file in checkpoint.manifest["resumeFiles"]} == set(names)
    drop_resume_files([checkpoint])
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoint.json", "model.safetensors"]
