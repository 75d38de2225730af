"""The validation loss: the mean over all trained tokens of the rows, whatever the batches."""

from typing import Any

import torch

from .loss import item_counts, target_count
from .plan import Plan


@torch.no_grad()
def validation_loss(trainer: Any, plan: Plan) -> float:
    """Each process takes its part; all of them get the same number."""
    arguments, model = trainer.args, trainer.model
    total = torch.zeros(2, dtype=torch.float64, device=arguments.device)
    model.eval()
    for micro_batch in plan.validation_batches():
        inputs = trainer._prepare_inputs(plan.validation.tensors(micro_batch))
        count = target_count(inputs)
        with trainer.compute_loss_context_manager():
            loss = trainer.compute_loss(model, inputs, num_items_in_batch=torch.ones_like(count))
        total += torch.stack([loss.double() / arguments.world_size, count.double()])
    model.train()
    loss_sum, tokens = trainer.accelerator.reduce(total, "sum").tolist()
    return loss_sum / tokens


@torch.no_grad()
def validation_losses(trainer: Any, plan: Plan) -> list[float | None]:
    """The same for each activated adapter; None where it has no rows."""
    model = trainer.model
    sums = tokens = torch.zeros((), dtype=torch.float64, device=trainer.args.device)
    model.eval()
    for micro_batch in plan.validation_batches():
        inputs = trainer._prepare_inputs(plan.validation.tensors(micro_batch))
        counts = item_counts(inputs)
        with trainer.compute_loss_context_manager():
            losses = model(**inputs, num_items_in_batch=torch.ones_like(counts)).loss
        sums, tokens = sums + losses.double(), tokens + counts.double()
    model.train()
    return [a / b if b else None for a, b in zip(sums.tolist(), tokens.tolist(), strict=True)]
