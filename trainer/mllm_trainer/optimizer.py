"""Muon for the weight matrices, AdamW for everything else, behind one optimizer."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from transformers import TrainingArguments

from .failures import Failure

DEFAULTS = {"muon_lr_ratio": 2.0, "muon_momentum": 0.95}


def parse_optim_args(text: str | None) -> dict[str, float]:
    """`optim_args` of optim: muon, as in "muon_lr_ratio=2.0,muon_momentum=0.95"."""
    values = dict(DEFAULTS)
    for part in (text or "").replace(" ", "").split(","):
        name, _, value = part.partition("=")
        if part and name not in DEFAULTS:
            raise Failure("bad_job", f"training.optim_args: unknown {name}", f"Known: {', '.join(DEFAULTS)}.")
        try:
            values.update({name: float(value)} if part else {})
        except ValueError as error:
            message = f"training.optim_args: expected {name}=NUMBER, found {part}"
            raise Failure("bad_job", message, "Write it as muon_lr_ratio=2.0.") from error
    return values


def split_parameters(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """(for Muon, for AdamW). Muon is made for linear maps; embeddings and head are tables of vectors."""
    tables = {
        id(parameter)
        for module in (model.get_input_embeddings(), model.get_output_embeddings())
        if module is not None
        for parameter in module.parameters()
    }
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    is_matrix = [parameter.ndim == 2 and id(parameter) not in tables for parameter in trainable]
    matrices = [parameter for parameter, yes in zip(trainable, is_matrix, strict=True) if yes]
    others = [parameter for parameter, yes in zip(trainable, is_matrix, strict=True) if not yes]
    return matrices, others


class MuonWithAdamW(torch.optim.Optimizer):
    """Two optimizers under one scheduler: the groups keep their own learning rates, scaled alike.

    Weight decay applies to the matrices only.
    """

    def __init__(
        self, model: nn.Module, learning_rate: float, weight_decay: float, adam: dict[str, Any], muon: dict
    ):
        matrices, others = split_parameters(model)
        # AdamW comes first: the scheduler reports the first group's rate, and learning_rate is AdamW's.
        self._parts: list[torch.optim.Optimizer] = []
        if others:
            self._parts.append(torch.optim.AdamW(others, lr=learning_rate, weight_decay=0.0, **adam))
        if matrices:
            rate = learning_rate * muon["muon_lr_ratio"]
            options = {"weight_decay": weight_decay, "momentum": muon["muon_momentum"]}
            self._parts.append(torch.optim.Muon(matrices, lr=rate, **options))
        groups = [group for part in self._parts for group in part.param_groups]
        super().__init__(groups, {"lr": learning_rate})
        self._share_groups()

    def _share_groups(self) -> None:
        """The scheduler writes into our groups; the parts have to read the very same dictionaries."""
        self.param_groups = [group for part in self._parts for group in part.param_groups]

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = closure() if closure else None
        for part in self._parts:
            part.step()
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        for part in self._parts:
            part.zero_grad(set_to_none=set_to_none)

    def state_dict(self) -> dict[str, Any]:
        return {"parts": [part.state_dict() for part in self._parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for part, state in zip(self._parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self._share_groups()


def create_muon(model: nn.Module, arguments: TrainingArguments, muon: dict[str, float]) -> MuonWithAdamW:
    """As a job's arguments say; `muon`: see parse_optim_args."""
    adam = {"betas": (arguments.adam_beta1, arguments.adam_beta2), "eps": arguments.adam_epsilon}
    return MuonWithAdamW(model, arguments.learning_rate, arguments.weight_decay, adam=adam, muon=muon)
