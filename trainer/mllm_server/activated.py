"""Activated adapters (aLoRA): a prompt is read without any up to the last invocation tokens, then with one.

Adapters of one base share it, and what it has read of prompts: that is the same for all of them. What a role
wrote itself is read once more when it stands in a later prompt, as training has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora.layer import LoraLayer
from peft.tuners.lora.variants import ALoraLinearVariant
from transformers import DynamicCache

from .batch import Batch, layers_of
from .prefixes import Layers, PrefixStore


class Switched(ALoraLinearVariant):
    """What a layer's adapter adds to all tokens of a pass, while it is the one that is on."""

    def __init__(self, base: "SharedBase"):
        self._base = base

    def forward(self, module: Any, active_adapter: str, x: torch.Tensor, result: torch.Tensor, **_: Any):
        if self._base.active != active_adapter:
            return result
        inner, outer = module.lora_A[active_adapter], module.lora_B[active_adapter]
        return result + (outer(inner(x)) * module.scaling[active_adapter]).to(result.dtype)


@dataclass
class SharedBase:
    """A base model with adapters; `active` names the one that acts, None: none. For one thread."""

    model: Any
    active: str | None = None
    trunks: PrefixStore = field(default_factory=lambda: PrefixStore(0))
    _adapted: PeftModel | None = None

    def add(self, folder: str, device: str) -> "ActivatedAdapter":
        """Puts the adapter of a folder beside the others."""
        number = 0 if self._adapted is None else len(self._adapted.peft_config)
        name = f"adapter{number}"
        if self._adapted is None:
            self._adapted = PeftModel.from_pretrained(self.model, folder, adapter_name=name)
        else:
            self._adapted.load_adapter(folder, adapter_name=name)
        adapted = self._adapted
        adapted.base_model.set_adapter(list(adapted.peft_config))
        for module in adapted.modules():
            if isinstance(module, LoraLayer):
                module.lora_variant.update({each: Switched(self) for each in module.lora_A})
        adapted.to(device).eval()
        return ActivatedAdapter(self, name, tuple(adapted.peft_config[name].alora_invocation_tokens))


@dataclass(frozen=True)
class ActivatedAdapter:
    base: SharedBase
    name: str
    invocation: tuple[int, ...]

    def start_in(self, ids: Sequence[int]) -> int:
        """Where it begins to act, as PEFT has it: at the last invocation tokens; -1 without any."""
        length = len(self.invocation)
        for start in range(len(ids) - length, -1, -1):
            if tuple(ids[start : start + length]) == self.invocation:
                return start
        return -1


class ActivatedBatch(Batch):
    """The completions of one role."""

    def __init__(self, adapter: ActivatedAdapter):
        super().__init__(adapter.base.model, adapter.base.trunks)
        self._adapter = adapter

    def read(self, ids: Sequence[int]) -> tuple[DynamicCache, torch.Tensor]:
        trunk = ids[: self._adapter.start_in(ids)]
        known, layers = self._prefixes.longest(trunk)
        cache = DynamicCache(layers) if known else DynamicCache()
        if known < len(trunk):
            self._adapter.base.active = None
            self._run(trunk[known:], cache)
            self._prefixes.keep(trunk, layers_of(cache))
        self._adapter.base.active = self._adapter.name
        return cache, self._run(ids[len(trunk) :], cache)

    def remember(self, ids: Sequence[int], layers: Layers) -> None:
        """Nothing: as a prompt these tokens are read without the adapter."""

    def step(self) -> None:
        self._adapter.base.active = self._adapter.name
        super().step()
