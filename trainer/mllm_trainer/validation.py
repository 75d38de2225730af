"""The validation loss: the mean over all trained tokens of the rows, whatever the batches."""

from typing import Any

import torch

from .loss import target_count
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
