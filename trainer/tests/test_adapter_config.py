import json
from pathlib import Path
from types import SimpleNamespace

from test_layout import model_of

from mllm_trainer.models import LoadedModel, trainable

LORA = {"r": 2, "lora_alpha": 4, "lora_dropout": 0.0, "target_modules": "all-linear"}


def test_an_adapter_saved_again_has_the_same_bytes(tmp_path: Path):
    job = SimpleNamespace(method="lora", is_activated=False, lora=LORA, seed=0)
    with trainable(job, LoadedModel(model_of("llama"), None)) as loaded:
        loaded.model.save_pretrained(tmp_path)
    modules = json.loads((tmp_path / "adapter_config.json").read_text())["target_modules"]
    # PEFT keeps a set of them, whose order is another one in every process.
    assert len(modules) > 10 and modules == sorted(modules)
