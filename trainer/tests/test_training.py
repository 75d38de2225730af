import copy
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from world import END, MARKERS, attempt, events_of, manifest_of, write_job

from mllm_trainer import tiny
from mllm_trainer.encoding import Encoder
from mllm_trainer.optimizer import MuonWithAdamW, parse_optim_args, split_parameters
from mllm_trainer.rows import read_rows

pytestmark = pytest.mark.process
LORA = {"r": 4, "lora_alpha": 8, "lora_dropout": 0.1, "target_modules": "all-linear"}


def best(job: Path) -> Path:
    assert events_of(job)[-1]["type"] == "done", (job.parent / "trainer.log").read_text()
    return Path(events_of(job, "done")[-1]["best"])


def mean_loss_by_hand(model: torch.nn.Module, encoder: Encoder, path: Path) -> float:
    losses = []
    for row in encoder.encode(read_rows(path)):
        ids = torch.from_numpy(row.input_ids).long()
        scores = torch.log_softmax(model(ids[None]).logits[0].double(), dim=-1)
        losses += [-scores[i - 1, ids[i]].item() for i in range(1, len(ids)) if row.trained[i]]
    return sum(losses) / len(losses)


@pytest.mark.parametrize("options", [{}, {"loss_type": "chunked_nll"}, {"loss_type": "nll"}])
@pytest.mark.parametrize("packing", ["none", "bfd"])
def test_the_loss_is_the_mean_over_the_trained_tokens_of_the_step(
    finished: Path, data: Path, tmp_path: Path, packing: str, options: dict
):
    start = events_of(finished, "done")[-1]["last"]
    # One optimizer step over all rows, in micro-batches of unlike lengths.
    training = {
        "num_train_epochs": 1,
        "bf16": False,
        "optim": "adamw_torch",
        "gradient_accumulation_steps": 100,
    }
    training |= {"logging_steps": 1, "per_device_train_batch_size": 5 if packing == "none" else 1} | options
    overflow = {"policy": "full", "maxTokens": 400}
    job = write_job(tmp_path / "j", data, model=start, packing=packing, training=training, overflow=overflow)
    assert attempt(job) == 0, (job.parent / "trainer.log").read_text()
    model = AutoModelForCausalLM.from_pretrained(start)
    encoder = Encoder(AutoTokenizer.from_pretrained(start), END)
    expected = mean_loss_by_hand(model, encoder, data / "backbone.jsonl")
    [progress] = events_of(job, "progress")
    assert progress["loss"] == pytest.approx(expected, rel=1e-5)
    expected = mean_loss_by_hand(model, encoder, data / "validation/backbone.jsonl")
    assert events_of(job, "evaluated")[0]["loss"] == pytest.approx(expected, rel=1e-5)


def test_stage_2_begins_at_the_loss_of_its_parent(finished: Path, data: Path, tmp_path: Path):
    parent = best(finished)
    manifest = manifest_of(parent)
    reference = {"id": manifest["id"], "hash": manifest["hash"]}
    named = {"jobId": "job-a", **reference}
    job = write_job(tmp_path / "j", data, stage=2, model=str(parent), parent=named)
    assert attempt(job) == 0
    done = events_of(job, "done")[-1]
    assert done["initialValidationLoss"] == pytest.approx(manifest["metrics"]["validationLoss"], rel=1e-6)
    assert manifest_of(best(job))["parent"] == reference


UNKNOWN = {"jobId": "job-a", "id": None, "hash": None}


def test_a_parent_that_was_not_known_yet_is_the_best_of_its_job(finished: Path, data: Path, tmp_path: Path):
    folder = tmp_path / "elsewhere"
    shutil.copytree(finished.parent, folder)
    job = write_job(tmp_path / "j", data, stage=2, model=str(folder), parent=UNKNOWN)
    assert attempt(job) == 0, (job.parent / "trainer.log").read_text()
    manifest, parent = manifest_of(best(job)), manifest_of(best(finished))
    assert manifest["parent"] == {"id": parent["id"], "hash": parent["hash"]}
    done = events_of(job, "done")[-1]
    assert done["initialValidationLoss"] == pytest.approx(parent["metrics"]["validationLoss"], rel=1e-6)


def test_a_parent_that_is_not_there_is_told(finished: Path, data: Path, tmp_path: Path):
    folder = tmp_path / "elsewhere"
    job = write_job(tmp_path / "j", data, stage=2, model=str(folder), parent=UNKNOWN)
    assert attempt(job) == 1
    assert "has not ended well" in events_of(job)[-1]["message"]
    folder.mkdir()
    shutil.copy(finished.parent / "events.jsonl", folder)
    assert attempt(job) == 1
    event = events_of(job)[-1]
    assert event["reason"] == "bad_model" and "gone or not complete" in event["message"]


def test_checkpoints_of_another_parent_are_not_gone_on_from(finished: Path, data: Path, tmp_path: Path):
    folder = tmp_path / "elsewhere"
    shutil.copytree(finished.parent, folder)
    job = write_job(tmp_path / "j", data, stage=2, model=str(folder), parent=UNKNOWN)
    assert attempt(job) == 0
    path = folder / "checkpoints" / best(finished).name / "checkpoint.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"hash": "4" * 64}))
    assert attempt(job) == 0
    assert [event["fromStep"] for event in events_of(job, "started")] == [0, 0]
    assert manifest_of(best(job))["parent"]["hash"] == "4" * 64


def test_an_adapter_is_trained_and_can_be_resumed(finished: Path, data: Path, tmp_path: Path):
    options = {"model": str(best(finished)), "method": "lora", "lora": LORA}
    whole, broken = (write_job(tmp_path / name, data, **options) for name in ("whole", "broken"))
    assert attempt(whole) == 0
    attempt(broken, ("mllm_trainer.progress:Progress.on_step_end", 8))
    assert attempt(broken) == 0
    assert events_of(broken, "started")[-1]["fromStep"] == 6
    manifest = manifest_of(best(whole))
    assert manifest["kind"] == "adapter" and manifest["hash"] == manifest_of(best(broken))["hash"]
    assert (
        events_of(whole, "done")[-1]["validationLoss"] < events_of(whole, "done")[-1]["initialValidationLoss"]
    )
    names = {file["path"] for file in manifest["files"]}
    assert {"adapter_model.safetensors", "adapter_config.json", "tokenizer.json"} <= names
    config = json.loads((best(whole) / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(best(finished))


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_parent_that_is_an_adapter_is_merged_first(finished: Path, data: Path, tmp_path: Path, method: str):
    parent = write_job(tmp_path / "p", data, model=str(best(finished)), method="lora", lora=LORA)
    assert attempt(parent) == 0
    lora = LORA if method == "lora" else None
    job = write_job(tmp_path / "j", data, stage=2, model=str(best(parent)), method=method, lora=lora)
    assert attempt(job) == 0
    expected = events_of(parent, "done")[-1]["validationLoss"]
    assert events_of(job, "done")[-1]["initialValidationLoss"] == pytest.approx(expected, rel=0.02)
    if method == "lora":
        config = json.loads((best(job) / "adapter_config.json").read_text())
        assert config["base_model_name_or_path"] == str(tmp_path / "j/base")
        assert (tmp_path / "j/base/model.safetensors").exists()


def test_muon_has_the_matrices_and_adamw_embeddings_and_norms():
    model = tiny.create_model(tiny.train_tokenizer(["a b c"]), seed=0)
    matrices, others = split_parameters(model)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert {names[id(one)].split(".")[-2] for one in matrices} == {
        *(f"{part}_proj" for part in ("q", "k", "v", "o", "gate", "up", "down"))
    }
    assert all("norm" in names[id(one)] or "embed" in names[id(one)] for one in others)
    assert len(matrices) + len(others) == len(names)


def test_the_scheduler_reaches_both_optimizers_and_their_state_survives():
    def create() -> tuple[torch.nn.Module, MuonWithAdamW]:
        model = tiny.create_model(tiny.train_tokenizer(["a b c"]), seed=0)
        muon = parse_optim_args("muon_lr_ratio=3.0")
        return model, MuonWithAdamW(model, 0.1, 0.01, {"betas": (0.9, 0.98)}, muon)

    def step(model: torch.nn.Module, optimizer: MuonWithAdamW) -> None:
        model(torch.arange(9)[None], labels=torch.arange(9)[None]).loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    (model, optimizer), (twin, restored) = create(), create()
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.5**epoch)
    step(model, optimizer)
    schedule.step()
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.05, 0.15])
    twin.load_state_dict(model.state_dict())
    restored.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    step(model, optimizer)
    step(twin, restored)
    for one, other in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(one, other)


def test_an_untrained_tiny_model_can_be_made_and_is_seeded(data: Path, tmp_path: Path):
    for name in ("a", "b"):
        tiny.main([str(data / "backbone.jsonl"), "--out", str(tmp_path / name), "--seed", "5"])
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("a", "b")]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "a")
    assert tokenizer("x").input_ids[0] == tokenizer.bos_token_id
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "a")
    assert 550_000 < model.num_parameters() < 650_000
    for name in ("TorMen", "X9", "B"):
        plain, quoted, marked = (
            tokenizer.convert_ids_to_tokens(tokenizer(before + name, add_special_tokens=False).input_ids)
            for before in (" ", '{"city":"', f"{MARKERS['caller']} ")
        )
        assert plain[1:] == quoted[-len(plain) + 1 :] == marked[-len(plain) + 1 :]


def test_weights_in_half_precision_are_trained_in_float32(finished: Path, data: Path, tmp_path: Path):
    half = tmp_path / "half"
    AutoModelForCausalLM.from_pretrained(best(finished)).half().save_pretrained(half)
    AutoTokenizer.from_pretrained(best(finished)).save_pretrained(half)
    job = write_job(tmp_path / "j", data, model=str(half))
    assert attempt(job) == 0
    assert load_file(best(job) / "model.safetensors")["model.norm.weight"].dtype == torch.float32
