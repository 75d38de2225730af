"""What packings cost: one epoch over the same rows, model and machine, each way in a process of its own.

Started by scripts/bench-train.mjs; prints one JSON line a way.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
WAYS = ("reference", "trl", "none", "bfd", "tree")
# hidden, intermediate, layers, heads, key-value heads, vocabulary
SIZES = {
    "small": (256, 704, 4, 8, 4, 1750),
    "1.5b": (2048, 5632, 28, 32, 8, 32000),
}
LENGTH = 4096
# Dense bf16 operations a second, from the vendors' data sheets.
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "4090": 165e12}


def main() -> None:
    options = parse_options()
    if options.way:
        print(json.dumps(measure(options)), flush=True)
        return
    for way in options.ways.split(","):
        command = [sys.executable, __file__, *sys.argv[1:], "--way", way]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"{way}: exit code {done.returncode}")
        print(done.stdout.strip().splitlines()[-1], flush=True)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="data set made by mllm split-data")
    parser.add_argument("--subset", default="planner")
    parser.add_argument("--trajectories", type=int, default=4, help="the first so many are trained on")
    parser.add_argument("--step-rows", type=int, default=8, help="rows of an optimizer step")
    parser.add_argument(
        "--batch-rows", type=int, default=4, help="rows of a micro-batch at most, where padded"
    )
    parser.add_argument("--model-size", choices=SIZES, default="small")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(options: argparse.Namespace) -> dict[str, Any]:
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    sys.path.insert(0, str(ROOT))
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()
    rows, held_out, tokenizer = read(options)
    model = create_model(options, tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        train = train_theirs if options.way in ("reference", "trl") else train_ours
        trainer, tokens = train(options, Path(folder), model, tokenizer, rows)
        clock = Clock()
        trainer.add_callback(clock.callback())
        train_it(trainer)
    seconds = clock.seconds
    is_gpu = options.device == "cuda"
    memory = (
        torch.cuda.max_memory_allocated()
        if is_gpu
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    )
    return {
        "way": options.way,
        "rows": len(rows),
        "tokens": tokens(),
        "steps": trainer.state.global_step,
        "seconds": round(seconds, 2),
        "cpuSeconds": round(clock.cpu_seconds, 2),
        "tokensPerSecond": round(tokens() / seconds, 1),
        "peakMemoryBytes": memory,
        "utilisation": utilisation(model, tokens() / seconds) if is_gpu else None,
        "finalLoss": round(loss_of(model, held_out), 4),
        "device": torch.cuda.get_device_name() if is_gpu else f"{os.cpu_count()} cores",
    }


class Clock:
    """Of training alone."""

    seconds = cpu_seconds = 0.0

    def callback(self) -> Any:
        from transformers import TrainerCallback

        clock = self

        class Timer(TrainerCallback):
            def on_train_begin(self, *_: Any, **__: Any) -> None:
                clock.began = time.monotonic(), time.process_time()

            def on_step_end(self, *_: Any, **__: Any) -> None:
                if torch_is_on_gpu():
                    synchronize()
                clock.seconds = time.monotonic() - clock.began[0]
                clock.cpu_seconds = time.process_time() - clock.began[1]

        return Timer()


def torch_is_on_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def synchronize() -> None:
    import torch

    torch.cuda.synchronize()


def read(options: argparse.Namespace) -> tuple[list, list, Any]:
    """Rows to train on, rows to score on, and a tokenizer that learnt from all of them."""
    from mllm_trainer import tiny
    from mllm_trainer.encoding import Encoder
    from mllm_trainer.rows import read_profile, read_rows

    profile = read_profile(options.data / "profile.json")
    rows = list(read_rows(options.data / f"{options.subset}.jsonl"))
    names = list(dict.fromkeys(row.trajectory for row in rows))
    chosen = set(names[: options.trajectories + 2])
    rows = [row for row in rows if row.trajectory in chosen]
    texts = sorted(set(tiny.segment_texts(rows, profile.end_of_turn)))
    tokenizer = tiny.train_tokenizer(texts, profile.markers, vocabulary=1750)
    tokenizer.model_max_length = 2**20
    encoded = list(Encoder(tokenizer, profile.end_of_turn).encode(rows))
    trained = set(names[: options.trajectories])
    return (
        [row for row in encoded if row.trajectory in trained],
        [row for row in encoded if row.trajectory not in trained][:4],
        tokenizer,
    )


def create_model(options: argparse.Namespace, tokenizer: Any) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    hidden, intermediate, layers, heads, kv_heads, vocabulary = SIZES[options.model_size]
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        intermediate_size=intermediate,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        max_position_embeddings=32768,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def hyperparameters(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "num_train_epochs": 1,
        "learning_rate": 1e-3 if options.device == "cpu" else 1e-4,
        "optim": "adamw_torch",
        "lr_scheduler_type": "constant",
        "bf16": options.device == "cuda",
        "gradient_checkpointing": options.device == "cuda",
        "train_sampling_strategy": "sequential",
        "per_device_train_batch_size": options.batch_rows,
        "gradient_accumulation_steps": max(1, options.step_rows // options.batch_rows),
        "save_strategy": "no",
        "logging_steps": 1,
        "seed": 0,
    }


def train_ours(options: argparse.Namespace, folder: Path, model: Any, tokenizer: Any, rows: list):
    from mllm_trainer.arguments import create_arguments
    from mllm_trainer.events import EventLog
    from mllm_trainer.job import DataFile, Job
    from mllm_trainer.models import LoadedModel
    from mllm_trainer.rows import Profile
    from mllm_trainer.trainer import RoleTrainer, Setup

    nothing = DataFile(folder, "")
    job = Job(
        folder=folder,
        job_id="bench",
        job_key="bench",
        recipe={},
        stage=1,
        subset=options.subset,
        model="bench",
        base_model="bench",
        parent=None,
        train=nothing,
        validation=None,
        profile=nothing,
        data_hash="",
        method="full",
        lora=None,
        quantization=None,
        sharding=None,
        packing=options.way,
        overflow_policy="full",
        max_tokens=32768,
        training=hyperparameters(options),
        deadline_seconds=86400,
    )
    setup = Setup(
        job=job,
        loaded=LoadedModel(model, tokenizer),
        arguments=create_arguments(job, False),
        profile=Profile(b"{}", {}),
        rows=rows,
        validation_rows=[],
        events=EventLog(folder / "events.jsonl"),
        facts={},
    )
    trainer = RoleTrainer(setup)
    return trainer, lambda: sum(padded_tokens(trainer, step) for step in trainer.plan.sampler())


def padded_tokens(trainer: Any, step: list) -> int:
    return sum(trainer.plan.train.tensors(micro_batch)["input_ids"].numel() for micro_batch in step)


def train_theirs(options: argparse.Namespace, folder: Path, model: Any, tokenizer: Any, rows: list):
    """TRL's trainer as it comes: packed by itself, or padded to the reference's length."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    is_packed = options.way == "trl"
    # The reference keeps the end of a long row; TRL has its own way.
    cut = [(row.input_ids[-LENGTH:], row.trained[-LENGTH:]) for row in rows]
    pairs = [(row.input_ids, row.trained) for row in rows] if is_packed else cut
    labels = [
        [i if yes else -100 for i, yes in zip(ids.tolist(), trained, strict=True)] for ids, trained in pairs
    ]
    data = Dataset.from_dict({"input_ids": [ids.tolist() for ids, _ in pairs], "labels": labels})
    settings = hyperparameters(options)
    if is_packed:
        settings["per_device_train_batch_size"] = 1
        filled = sum(min(len(row), LENGTH) for row in rows) / LENGTH
        settings["gradient_accumulation_steps"] = max(1, round(filled * options.step_rows / len(rows)))
    arguments = SFTConfig(
        output_dir=str(folder),
        max_length=LENGTH,
        packing=is_packed,
        use_cpu=options.device == "cpu",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        dataset_kwargs=None if is_packed else {"skip_prepare_dataset": True},
        **settings,
    )
    collator = None if is_packed else lambda items: pad_to_length(items, tokenizer.pad_token_id)
    trainer = SFTTrainer(
        model, arguments, train_dataset=data, processing_class=tokenizer, data_collator=collator
    )
    return trainer, lambda: sum(batch["input_ids"].numel() for batch in trainer.get_train_dataloader())


def pad_to_length(items: list[dict[str, list[int]]], pad_id: int) -> dict[str, Any]:
    import torch

    def padded(key: str, value: int) -> Any:
        return torch.tensor([item[key] + [value] * (LENGTH - len(item[key])) for item in items])

    ids = padded("input_ids", pad_id)
    mask = torch.tensor(
        [[1] * len(item["input_ids"]) + [0] * (LENGTH - len(item["input_ids"])) for item in items]
    )
    return {"input_ids": ids, "attention_mask": mask, "labels": padded("labels", -100)}


def train_it(trainer: Any) -> None:
    if hasattr(trainer, "make_plan"):
        trainer.make_plan(None)
    trainer.train()


def utilisation(model: Any, tokens_per_second: float) -> float | None:
    """Model FLOPs utilisation: six operations a parameter and token, attention not counted."""
    import torch

    name = torch.cuda.get_device_name()
    peak = next((value for key, value in PEAKS.items() if key in name), None)
    return round(6 * model.num_parameters() * tokens_per_second / peak, 4) if peak else None


def loss_of(model: Any, rows: list) -> float:
    """The mean over the trained tokens of rows that were not trained on."""
    import torch

    from mllm_trainer.packing import pad_right

    total = count = 0.0
    model.eval()
    if model.config._attn_implementation != "sdpa":
        model.set_attn_implementation("sdpa")
    for row in rows:
        batch = {key: value.to(model.device) for key, value in pad_right([[row]], 0).items()}
        labels = batch.pop("labels")[0, 1:]
        with torch.no_grad():
            logits = model(**batch, use_cache=False).logits[0, :-1].float()
        wanted = labels != -100
        total += torch.nn.functional.cross_entropy(logits[wanted], labels[wanted], reduction="sum").item()
        count += int(wanted.sum())
    return total / count


if __name__ == "__main__":
    main()
