"""Checkpoints of activated adapters, served by name."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from transformers import AutoModelForCausalLM, AutoTokenizer

from mllm_server.application import create_application
from mllm_server.engine import Engine
from mllm_server.models import load_models
from mllm_trainer.activated import add_adapters, save_adapter

TINY = str(Path(__file__).resolve().parents[2] / "data" / "tiny")
LORA = {"r": 2, "lora_alpha": 2, "lora_dropout": 0.0, "target_modules": "all-linear"}
ROLES = ("planner", "caller")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory):
    tokenizer = AutoTokenizer.from_pretrained(TINY)
    model = add_adapters(AutoModelForCausalLM.from_pretrained(TINY), LORA, ROLES, lambda: None)
    wanted = {}
    for role in ROLES:
        folder = tmp_path_factory.mktemp(role) / "adapter"
        marker = tokenizer(f"{tokenizer.eos_token}{role}:", add_special_tokens=False)["input_ids"][1:]
        save_adapter(model, role, marker, folder)
        tokenizer.save_pretrained(folder)
        wanted[role] = (str(folder), TINY)
    loaded = load_models(wanted.values(), "cpu")
    engine = Engine({role: loaded[pair] for role, pair in wanted.items()}, max_rows=2, prefix_bytes=1 << 20)
    engine.start()
    yield engine
    engine.stop()


def test_roles_share_their_base_and_a_prompt_has_to_call_its_adapter(engine: Engine):
    models = {id(lane.adapter.base.model) for lane in engine.lanes.values()}
    assert len(models) == 1
    client = TestClient(create_application(engine, ["*"]))
    body = {"model": "planner", "prompt": "user: What is the weather in Tor?</s>planner:", "max_tokens": 3}
    assert client.post("/v1/completions", json=body).status_code == 200
    refused = client.post("/v1/completions", json=body | {"model": "caller"})
    assert refused.status_code == 400
    assert "does not call it: caller:" in refused.json()["error"]["message"]
