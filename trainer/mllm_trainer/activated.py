"""Adapters that act on some tokens only, several in one pass (activated LoRA, arXiv 2504.12397).

PEFT's own form knows one branch at the end of each row, and one adapter at a time. Here each token says which
adapter acts on it; the weights are the same, and so is what is saved.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora.layer import Linear, LoraLayer
from peft.tuners.lora.variants import ALoraLinearVariant


class TokenAdapters:
    """Which tokens of the line under way each adapter acts on; shared by all layers.

    It stays as it is until the next forward pass: checkpointing computes layers again in the backward pass.
    """

    def __init__(self, names: Sequence[str]):
        self.names = tuple(names)
        self._places: dict[str, torch.Tensor] | None = None

    def act_on(self, adapters: torch.Tensor | None) -> None:
        """`adapters`: for each token the number of its adapter, counted from 1, or 0. None: on no token."""
        self._places = None
        if adapters is not None:
            flags = enumerate(self.names, start=1)
            self._places = {name: (adapters == number).nonzero()[:, 0] for number, name in flags}

    def places(self, name: str) -> torch.Tensor | None:
        return None if self._places is None else self._places[name]


class OnItsTokens(ALoraLinearVariant):
    """What a layer's adapter adds, to its own tokens alone."""

    def __init__(self, tokens: TokenAdapters):
        self._tokens = tokens

    def forward(self, module: Any, active_adapter: str, x: torch.Tensor, result: torch.Tensor, **_: Any):
        places = self._tokens.places(active_adapter)
        if places is None:
            return result
        inner, outer = module.lora_A[active_adapter], module.lora_B[active_adapter]
        chosen = module.lora_dropout[active_adapter](x.flatten(0, -2).index_select(0, places))
        # An adapter without a token adds nothing, and gets a gradient of zeros: processes wait for it.
        added = outer(inner(chosen)) * module.scaling[active_adapter]
        return result.flatten(0, -2).index_add(0, places, added.to(result.dtype)).view_as(result)


def add_adapters(model: Any, config: dict[str, Any], names: Sequence[str], begin: Any) -> PeftModel:
    """A model with an adapter for each name. `begin` is called before each gets its first weights.

    Raises ValueError where a module cannot have such an adapter.
    """
    begin()
    adapted = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **config), adapter_name=names[0])
    for name in names[1:]:
        begin()
        adapted.add_adapter(name, LoraConfig(task_type="CAUSAL_LM", **config))
    adapted.base_model.set_adapter(list(names))
    tokens = TokenAdapters(names)
    for path, module in adapted.named_modules():
        if isinstance(module, LoraLayer):
            # In tables of vectors PEFT has none; and the head sees trained places only (loss.py).
            if not isinstance(module, Linear) or module is adapted.get_output_embeddings():
                place = path.removeprefix("base_model.model.")
                raise ValueError(f"an activated adapter cannot act on {place}")
            module.lora_variant.update({name: OnItsTokens(tokens) for name in module.lora_A})
    adapted.get_base_model().token_adapters = tokens
    return adapted


def save_adapter(model: PeftModel, name: str, invocation: Sequence[int], folder: Path) -> None:
    """Writes one adapter as PEFT reads it: adapter_config.json names the tokens from which on it acts."""
    config = model.peft_config[name]
    # Known to PEFT while it trains, they would make it look for branches of its own.
    config.alora_invocation_tokens = [int(token) for token in invocation]
    temporary = folder.with_name(f"{folder.name}.adapter")
    try:
        model.save_pretrained(temporary, selected_adapters=[name])
    finally:
        config.alora_invocation_tokens = None
    folder.mkdir(parents=True, exist_ok=True)
    for path in (temporary / name).iterdir():
        path.rename(folder / path.name)
    shutil.rmtree(temporary)
