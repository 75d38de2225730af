"""What a job.json has to look like (src/core/job-spec.ts)."""

import json
from collections.abc import Iterator
from typing import Any

NUMBER = (int, float)
SUBSETS = ("backbone", "planner", "caller", "summarizer")
TRAINING_KEYS: dict[str, tuple[type, ...]] = {
    "num_train_epochs": NUMBER,
    "max_steps": (int,),
    "learning_rate": NUMBER,
    "lr_scheduler_type": (str,),
    "lr_scheduler_kwargs": (dict,),
    "warmup_steps": NUMBER,
    "weight_decay": NUMBER,
    "adam_beta1": NUMBER,
    "adam_beta2": NUMBER,
    "adam_epsilon": NUMBER,
    "max_grad_norm": NUMBER,
    "optim": (str,),
    "optim_args": (str,),
    "per_device_train_batch_size": (int,),
    "per_device_eval_batch_size": (int,),
    "gradient_accumulation_steps": (int,),
    "gradient_checkpointing": (bool,),
    "train_sampling_strategy": (str,),
    "bf16": (bool,),
    "fp16": (bool,),
    "loss_type": (str,),
    "use_liger_kernel": (bool,),
    "torch_compile": (bool,),
    "logging_steps": NUMBER,
    "eval_strategy": (str,),
    "eval_steps": NUMBER,
    "save_strategy": (str,),
    "save_steps": NUMBER,
    "seed": (int,),
}
CHOICES: dict[str, tuple[Any, ...]] = {
    "version": (1,),
    "stage": (1, 2),
    "subset": SUBSETS,
    "method": ("full", "lora", "alora"),
    "quantization": (None, "nf4"),
    "sharding": (None, "ddp", "fsdp", "zero3"),
    "packing": ("tree", "bfd", "none"),
    "overflow.policy": ("full", "keep-end", "drop"),
    "training.train_sampling_strategy": ("random", "sequential", "group_by_length"),
    "training.loss_type": ("nll", "chunked_nll"),
    "training.eval_strategy": ("no", "steps", "epoch"),
    "training.save_strategy": ("no", "steps", "epoch"),
}
PARENT = {"jobId": (str, None), "id": (str, None), "hash": (str, None)}
SCHEMA: dict[str, Any] = {
    "version": (int,),
    "jobId": (str,),
    "runId": (str,),
    "recipe": {"name": (str,), "sha256": (str,)},
    "jobKey": (str,),
    "stage": (int,),
    "subset": (str,),
    "model": (str,),
    "baseModel": (str,),
    "parent": (PARENT, None),
    "data": {
        "train": (str,),
        "validation": (str, None),
        "profile": (str,),
        "hash": (str,),
        "sha256": {"train": (str,), "validation": (str, None), "profile": (str,)},
    },
    "method": (str,),
    "lora": (
        {"r": (int,), "lora_alpha": NUMBER, "lora_dropout": NUMBER, "target_modules": (str, list)},
        None,
    ),
    "quantization": (str, None),
    "sharding": (str, None),
    "packing": (str,),
    "overflow": {"policy": (str,), "maxTokens": (int,)},
    "training": TRAINING_KEYS,
    "deadlineSeconds": (int,),
    "outputDir": (str,),
}
POSITIVE = (
    "overflow.maxTokens",
    "deadlineSeconds",
    "lora.r",
    "training.per_device_train_batch_size",
    "training.per_device_eval_batch_size",
    "training.gradient_accumulation_steps",
    "training.logging_steps",
)


# What a part of a job of several roles has of its own.
PART_KEYS = {"subset", "jobKey", "data", "training"}


def mistakes_of(raw: Any) -> list[str]:
    """Every wrong or unknown key; contradictions between keys only where each is right by itself."""
    if not isinstance(raw, dict) or "parts" not in raw:
        return _mistakes_of_one(raw)
    shared, parts = {key: raw[key] for key in raw.keys() - {"parts"}}, raw["parts"]
    if not isinstance(parts, list) or not parts or any(not _is_part(part) for part in parts):
        return [f"parts: expected a list of objects with {', '.join(sorted(PART_KEYS))} and nothing else"]
    if shared.get("subset") != "roles" or shared.get("method") not in ("lora", "alora"):
        return ["parts: expected subset roles and method lora or alora beside them"]
    if len({json.dumps(part["subset"]) for part in parts}) < len(parts):
        return ["parts: expected each role once"]
    if shared["method"] == "alora" and any(part["training"] != parts[0]["training"] for part in parts):
        return ["parts: expected the same training in each, since method is alora"]
    whole = [{"subset": parts[0]["subset"]}, *parts]
    return list(dict.fromkeys(mistake for part in whole for mistake in _mistakes_of_one(shared | part)))


def _is_part(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == PART_KEYS


def _mistakes_of_one(raw: Any) -> list[str]:
    return list(_mistakes(raw, SCHEMA, "")) or list(_contradictions(raw))


def _contradictions(raw: dict[str, Any]) -> Iterator[str]:
    data, training = raw["data"], raw["training"]
    if raw["method"] != "full" and raw["lora"] is None:
        yield f"lora: expected an object, since method is {raw['method']}, found null"
    if raw["method"] == "alora":
        yield from _contradictions_of_alora(raw)
    if (data["validation"] is None) != (data["sha256"]["validation"] is None):
        yield "data.sha256.validation: expected null where data.validation is null, and only there"
    parent = raw["parent"] or {"id": None, "hash": None}
    if (parent["id"] is None) != (parent["hash"] is None):
        yield "parent: expected id and hash, or null for both"
    if raw["quantization"] and raw["method"] == "full":
        yield "quantization: expected null, since method is full, found " + json.dumps(raw["quantization"])
    if raw["quantization"] and raw["sharding"] in ("fsdp", "zero3"):
        yield "sharding: expected ddp or null beside a quantization, found " + json.dumps(raw["sharding"])
    if training.get("use_liger_kernel") and training.get("loss_type") == "chunked_nll":
        yield "training.loss_type: expected nll or none beside use_liger_kernel, found chunked_nll"
    if training.get("bf16") and training.get("fp16"):
        yield "training: expected bf16 or fp16, found both true"


def _contradictions_of_alora(raw: dict[str, Any]) -> Iterator[str]:
    if raw["subset"] == "backbone":
        yield "method: expected full or lora, since stage 2 needs the backbone's adapter merged, found alora"
    if raw["packing"] == "none":
        yield "packing: expected tree or bfd, since method is alora, found none"
    if raw["quantization"]:
        yield "quantization: expected null, since method is alora, found " + json.dumps(raw["quantization"])
    if raw["sharding"]:
        yield "sharding: expected null, since method is alora, found " + json.dumps(raw["sharding"])
    for key in ("loss_type", "use_liger_kernel", "torch_compile"):
        if raw["training"].get(key):
            yield f"training.{key}: expected none, since method is alora"


def _mistakes(value: Any, schema: dict[str, Any], prefix: str):
    if not isinstance(value, dict):
        yield f"{prefix.rstrip('.') or 'job'}: expected an object, found {json.dumps(value)}"
        return
    for key in value.keys() - schema.keys():
        yield f"{prefix}{key}: unknown key"
    for key, expected in schema.items():
        name = prefix + key
        if key not in value:
            if schema is not TRAINING_KEYS:
                yield f"{name}: missing"
        elif isinstance(expected, dict):
            yield from _mistakes(value[key], expected, f"{name}.")
        elif isinstance(expected[0], dict):
            if value[key] is not None:
                yield from _mistakes(value[key], expected[0], f"{name}.")
        else:
            yield from _wrong_value(name, value[key], expected)


def _wrong_value(name: str, value: Any, expected: tuple[type | None, ...]):
    types = tuple(type(None) if kind is None else kind for kind in expected)
    # In Python True is an int; in JSON it is not a number.
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        names = " or ".join("null" if kind is None else kind.__name__ for kind in expected)
        yield f"{name}: expected {names}, found {json.dumps(value)}"
    elif name in CHOICES and value not in CHOICES[name]:
        yield f"{name}: expected one of {', '.join(map(str, CHOICES[name]))}, found {json.dumps(value)}"
    elif name in POSITIVE and value <= 0:
        yield f"{name}: expected more than 0, found {value}"
