"""Trains activated adapters: of one role, or of several together, each on its branches of one tree.

The adapters share nothing but the trunk, which none of them changes. So each has its own loss, the mean over
its own targets, its gradient is clipped by itself, and it has checkpoints of its own: it learns what it would
learn alone from the same rows in the same order.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from peft import set_peft_model_state_dict
from safetensors.torch import load_file

from .activated import save_adapter
from .arguments import create_arguments
from .checkpoints import (
    MANIFEST,
    SHARED,
    Checkpoint,
    complete_checkpoints,
    keep_best_and_last,
    read_checkpoint,
)
from .job import Job
from .joint_progress import JointProgress
from .loss import item_counts
from .packing import Batch
from .progress import Progress
from .saving import CheckpointWriter, saved_progress
from .trainer import RoleTrainer, Setup
from .validation import validation_losses


@dataclass(eq=False)
class Part:
    """One adapter. `setup` is what it would be trained with alone."""

    setup: Setup
    invocation: Sequence[int]
    progress: Progress = field(init=False)
    writer: CheckpointWriter = field(init=False)
    initial_validation_loss: float | None = None
    validation_loss: float | None = None

    def __post_init__(self) -> None:
        self.progress = Progress(self.setup.events)
        self.writer = CheckpointWriter(self.job, self.setup.profile, self.setup.events)

    @property
    def job(self) -> Job:
        return self.setup.job

    @property
    def name(self) -> str:
        return self.job.subset

    def metrics_at(self, step: int) -> dict[str, Any]:
        metrics = {
            "validationLoss": self.validation_loss,
            "initialValidationLoss": self.initial_validation_loss,
            "trainLoss": self.progress.train_loss,
        }
        return {"globalStep": step, "metrics": metrics}


class ActivatedTrainer(RoleTrainer):
    """`job` is the whole one; `parts` has what each adapter is trained with."""

    def __init__(self, job: Job, parts: Sequence[Part]):
        self.parts = parts
        rows, validation_rows = (
            list(chain.from_iterable(getattr(part.setup, name) for part in parts))
            for name in ("rows", "validation_rows")
        )
        # The first role may be one without validation rows.
        arguments = create_arguments(parts[0].job, bool(validation_rows))
        whole = replace(parts[0].setup, job=job, arguments=arguments)
        super().__init__(replace(whole, rows=rows, validation_rows=validation_rows))
        # Of each adapter, in the optimizer step under way.
        self._losses = self._items = torch.zeros(())

    def create_progress(self, setup: Setup) -> Any:
        return JointProgress([part.progress for part in self.parts])

    def _get_num_items_in_batch(self, batch_samples: list[list[Batch]], device: torch.device) -> torch.Tensor:
        """The targets of each adapter in the whole optimizer step."""
        counts = [item_counts(micro_batch) for step in batch_samples for micro_batch in step]
        self._losses = torch.zeros_like(counts[0], device=device)
        self._items = torch.stack(counts).sum(0).to(device)
        return self._items

    def compute_loss(
        self, model: Any, inputs: Batch, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        losses = model(**inputs, num_items_in_batch=num_items_in_batch).loss
        self._losses += losses.detach()
        return losses.sum()

    def training_step(self, model: Any, inputs: list[Batch], num_items_in_batch: Any = None) -> torch.Tensor:
        total = super().training_step(model, inputs, num_items_in_batch)
        for part in self._parts_without_targets():
            # Alone it would not have had this step. Of zeros an optimizer makes a step all the same.
            for weight in self._weights_of(part):
                weight.grad = None
        return total

    def tell_loss(self, total: torch.Tensor) -> None:
        absent = self._parts_without_targets()
        for part, loss in zip(self.parts, self._losses.tolist(), strict=False):
            if part not in absent:
                part.progress.add_loss(loss, self.state.global_step + 1)

    def _parts_without_targets(self) -> list[Part]:
        return [part for part, items in zip(self.parts, self._items.tolist(), strict=False) if not items]

    def _weights_of(self, part: Part) -> list[torch.nn.Parameter]:
        return [weight for name, weight in self.model.named_parameters() if f".{part.name}." in name]

    def _clip_grad_norm(self, model: Any) -> torch.Tensor:
        self.accelerator.unscale_gradients()
        own = map(self._weights_of, self.parts)
        norms = [torch.nn.utils.clip_grad_norm_(weights, self.args.max_grad_norm) for weights in own]
        # Without any gradient it lies on the processor.
        return max(norms, key=float)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """The mean over the trained tokens of each role's validation rows."""
        step = self.state.global_step
        if self.evaluated is None or self.evaluated[0] != step:
            with self.progress.paused():
                losses = validation_losses(self, self.plan)
            for part, loss in zip(self.parts, losses, strict=False):
                if loss is None:
                    continue
                part.validation_loss = part.progress.finite(loss, step)
                tokens = sum(row.trained_tokens for row in part.setup.validation_rows)
                part.setup.events.emit("evaluated", globalStep=step, loss=loss, trainedTokens=tokens)
            self.evaluated = (step, sum(part.validation_loss or 0.0 for part in self.parts))
        self._metrics["eval"].clear()
        metrics = {"eval_loss": self.evaluated[1]}
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def evaluate_start(self) -> None:
        self.evaluate()
        for part in self.parts:
            part.initial_validation_loss = part.validation_loss

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        os.makedirs(output_dir, exist_ok=True)
        for part in self.parts:
            save_adapter(self.model, part.name, part.invocation, Path(output_dir) / part.name)
        self.processing_class.save_pretrained(output_dir)

    def complete_checkpoint(self) -> None:
        step = self.state.global_step
        source = self.job.checkpoints / SHARED
        shutil.rmtree(source, ignore_errors=True)
        (self.job.checkpoints / f"checkpoint-{step}").rename(source)
        for part in self.parts:
            folder = part.job.checkpoint_folder(step)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            # Each has all that it resumes from, the optimizer of the others, too.
            for path in [
                path for path in source.iterdir() if path.is_file() and path.name != "training_args.bin"
            ]:
                shutil.copy2(path, folder)
            for path in (source / part.name).iterdir():
                path.rename(folder / path.name)
            facts = {**part.setup.facts, "packing": self.facts["packing"], **part.metrics_at(step)}
            part.writer.seal(facts, part.progress.state())
        shutil.rmtree(source)
        # Only now: until all have this step, all go on from the one before.
        for part in self.parts:
            keep_best_and_last(complete_checkpoints(part.job))

    def is_saved(self) -> bool:
        folders = (part.job.checkpoint_folder(self.state.global_step) for part in self.parts)
        return all((folder / MANIFEST).exists() for folder in folders)

    def go_on_from(self, checkpoint: Checkpoint) -> None:
        for part in self.parts:
            folder = part.job.checkpoint_folder(checkpoint.step)
            own = read_checkpoint(folder)
            part.initial_validation_loss = own.manifest["metrics"]["initialValidationLoss"]
            part.progress.restore(saved_progress(own))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        step = read_checkpoint(Path(resume_from_checkpoint)).step
        for part in self.parts:
            weights = load_file(part.job.checkpoint_folder(step) / "adapter_model.safetensors")
            set_peft_model_state_dict(model or self.model, weights, adapter_name=part.name)
