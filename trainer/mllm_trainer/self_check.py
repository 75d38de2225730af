"""Before training: do trees of the job's own rows give the loss and the gradient of the rows one by one?"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from accelerate.utils import send_to_device

from .batches import Batches
from .branch_batch import join_alone, join_branches
from .branches import branches_of
from .encoding import EncodedRow
from .failures import Failure
from .layout import Layout
from .loss import as_targets, item_counts
from .packing import Batch, pad_right
from .tree_batch import join_trees, with_mask

# Relative, for loss and gradient: rounding stays far below, a token that sees a wrong one far above.
TOLERANCES = {torch.float32: (1e-5, 1e-4), torch.bfloat16: (1e-3, 5e-2)}
# So much of the gradient is compared: the first layers', through which all of it went.
COMPARED_NUMBERS = 2**25
CHECKED_ROWS = 3


@dataclass(frozen=True)
class Check:
    """The difference over the size, of losses and of gradients as vectors."""

    loss: float
    gradient: float
    dtype: torch.dtype

    @property
    def passed(self) -> bool:
        # Not the other way round, which would let NaN pass.
        most_loss, most_gradient = TOLERANCES[self.dtype]
        return self.loss <= most_loss and self.gradient <= most_gradient

    def facts(self) -> dict[str, Any] | None:
        if not math.isfinite(self.loss + self.gradient):
            return None
        return {"loss": self.loss, "gradient": self.gradient, "dtype": str(self.dtype).removeprefix("torch.")}


def checked(layout: Layout, model: Any, accelerator: Any, batches: Batches) -> Layout:
    """The layout with how far apart they are, or the one to use instead."""
    trees = _chosen(batches)
    with _without_dropout(model):
        check = compare(model, accelerator, trees, batches)
    if check.passed:
        return replace(layout, check=check.facts())
    reason = f"trees differ from separate rows by {check.loss:.1e} in loss, {check.gradient:.1e} in gradient"
    if layout.has_branches:
        raise Failure("bad_model", f"method alora: {reason}", "Use method: lora.")
    return Layout("bfd", "plain", reason, check.facts())


def compare(model: Any, accelerator: Any, trees: Sequence[Sequence[EncodedRow]], batches: Batches) -> Check:
    if batches.layout.has_branches:
        joined = join_branches(trees, batches.pad_id)
        separate = [join_alone(branch) for rows in trees for row in rows for branch in branches_of(row)]
    else:
        joined = join_trees(trees)
        joined = with_mask(joined) if batches.layout.attention == "mask" else joined
        separate = [as_targets(pad_right([[row] for tree in trees for row in tree], batches.pad_id))]
    loss, gradient = _loss_and_gradient(model, accelerator, [joined])
    expected_loss, expected = _loss_and_gradient(model, accelerator, separate)
    is_half = accelerator.mixed_precision != "no" or model.dtype != torch.float32
    return Check(
        loss=abs(loss - expected_loss) / max(abs(expected_loss), 1e-12),
        gradient=((gradient - expected).norm() / expected.norm().clamp(min=1e-12)).item(),
        dtype=torch.bfloat16 if is_half else torch.float32,
    )


def _chosen(batches: Batches) -> list[list[EncodedRow]]:
    """The smallest tree that shares anything, and another unit: rows of a line must be kept apart, too."""
    rows = batches.rows
    units = sorted(batches.units, key=lambda unit: unit.tokens)
    sharing = [unit for unit in units if unit.tokens < sum(len(rows[number]) for number in unit.rows)][:1]
    chosen = (sharing + [unit for unit in units if unit not in sharing])[:2]
    return [[rows[number] for number in unit.rows[:CHECKED_ROWS]] for unit in chosen]


def _unlearned(batch: Batch, model: Any) -> Batch:
    """With other labels: of rows that a model knows already, little but rounding would be compared."""
    vocabulary = model.config.get_text_config().vocab_size
    return batch | {"targets": (batch["targets"] + 1) % vocabulary}


def _loss_and_gradient(model: Any, accelerator: Any, batches: Sequence[Batch]) -> tuple[float, torch.Tensor]:
    model.zero_grad()
    items = sum(map(item_counts, batches)).to(accelerator.device)
    total = 0.0
    for batch in batches:
        batch = send_to_device(_unlearned(batch, model), accelerator.device)
        with accelerator.autocast():
            loss = model(**batch, num_items_in_batch=items).loss.sum()
        loss.backward()
        total += loss.item()
    parts: list[torch.Tensor] = []
    for parameter in model.parameters():
        if parameter.grad is not None and sum(map(len, parts)) + parameter.numel() <= COMPARED_NUMBERS:
            parts.append(parameter.grad.detach().flatten().float())
    model.zero_grad()
    return total, torch.cat(parts)


@contextmanager
def _without_dropout(model: torch.nn.Module) -> Iterator[None]:
    """Still training, or gradient checkpointing would be off."""
    was_training = model.training
    model.train()
    dropouts = [module for module in model.modules() if "Dropout" in type(module).__name__]
    for module in dropouts:
        module.eval()
    yield
    model.train(was_training)
