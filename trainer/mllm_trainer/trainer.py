"""TRL's SFTTrainer with our order, loss report, optimizer and checkpoints."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from datasets import Dataset
from transformers import PrinterCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from . import team
from .batches import StepLoader
from .checkpoints import MANIFEST, Checkpoint
from .encoding import EncodedRow
from .events import EventLog, PartLog
from .job import Job
from .loss import add_loss, special_loss, target_count
from .models import LoadedModel
from .optimizer import create_muon, parse_optim_args
from .packing import Batch
from .plan import Given, create_plan
from .progress import Progress
from .rows import Profile
from .saving import CheckpointWriter, saved_progress
from .sharding import keep_precision
from .validation import validation_loss

# Where a job names one of these, it gets TRL's own loss, unless its rows are in trees.
LOSS_KEYS = {"loss_type", "use_liger_kernel"}


@dataclass(frozen=True)
class Setup:
    """What a trainer works with. `facts` are the fields of the manifest that all checkpoints share."""

    job: Job
    loaded: LoadedModel
    arguments: SFTConfig
    profile: Profile
    rows: Sequence[EncodedRow]
    validation_rows: Sequence[EncodedRow]
    events: EventLog | PartLog
    facts: dict[str, Any]


class AtStart(TrainerCallback):
    """Acts before the first step, when the model lies where it is trained, maybe in parts on several GPUs."""

    def __init__(self, act: Callable[[], None]):
        self.on_train_begin = lambda *_, **__: act()


class RoleTrainer(SFTTrainer):
    """Trains one subset."""

    def __init__(self, setup: Setup):
        job, loaded, rows, arguments = setup.job, setup.loaded, setup.rows, setup.arguments
        self.job, self.events, self.facts = job, setup.events, setup.facts
        self._writer = CheckpointWriter(job, setup.profile, setup.events)
        self.validation_rows = setup.validation_rows
        self.initial_validation_loss: float | None = None
        # Step and loss of the latest evaluation.
        self.evaluated: tuple[int, float] | None = None
        self.progress = self.create_progress(setup)
        super().__init__(
            model=loaded.model,
            args=arguments,
            # Neither is read (see get_train_dataloader and evaluate): rows stay in compact arrays here.
            train_dataset=Dataset.from_dict({"row": range(len(rows))}),
            eval_dataset=Dataset.from_dict({"row": range(len(self.validation_rows))}),
            processing_class=loaded.tokenizer,
            callbacks=[self.progress],
        )
        keep_precision(self.accelerator)
        self.remove_callback(PrinterCallback)
        self._given = Given(
            job=job,
            rows=rows,
            validation_rows=self.validation_rows,
            arguments=arguments,
            pad_id=loaded.tokenizer.pad_token_id or 0,
            wants_targets=not (job.training.keys() & LOSS_KEYS) and special_loss(self.model) is None,
        )
        add_loss(self.model)

    def train_from(self, checkpoint: Checkpoint | None) -> None:
        """Trains to the end, from the start or from a checkpoint; the last step is always saved."""
        self.make_plan(checkpoint)
        if checkpoint is not None:
            self.go_on_from(checkpoint)
        elif self.validation_rows:
            self.add_callback(AtStart(self.evaluate_start))
        self.train(resume_from_checkpoint=str(checkpoint.folder) if checkpoint else None)
        if not team.agree(self.is_saved()):
            self._save_checkpoint(self.model, None)

    def go_on_from(self, checkpoint: Checkpoint) -> None:
        self.initial_validation_loss = checkpoint.manifest["metrics"]["initialValidationLoss"]
        self.progress.restore(saved_progress(checkpoint))

    def is_saved(self) -> bool:
        return (self.job.checkpoint_folder(self.state.global_step) / MANIFEST).exists()

    def make_plan(self, checkpoint: Checkpoint | None) -> None:
        known = checkpoint.manifest.get("packing") if checkpoint else None
        self.plan = create_plan(self._given, known, self.model, self.accelerator)
        layout = self.plan.layout
        self.facts = {**self.facts, "packing": layout.facts()}
        if layout.reason and not known:
            message = f"packing {layout.packing} instead of {self.job.packing}: {layout.reason}"
            print(message, flush=True)
            self.events.emit("warning", code="packing_changed", message=message)

    def evaluate_start(self) -> None:
        self.initial_validation_loss = self.evaluate()["eval_loss"]

    def create_progress(self, setup: Setup) -> Progress:
        return Progress(setup.events)

    def get_train_dataloader(self) -> StepLoader:
        return self.plan.loader(self.progress)

    def create_optimizer(self, model: torch.nn.Module | None = None) -> torch.optim.Optimizer:
        if self.optimizer is None and self.job.training.get("optim") == "muon":
            optim_args = parse_optim_args(self.job.training.get("optim_args"))
            self.optimizer = create_muon(model or self.model, self.args, optim_args)
        return super().create_optimizer(model)

    def _get_num_items_in_batch(self, batch_samples: list[list[Batch]], device: torch.device) -> torch.Tensor:
        """The targets of the whole optimizer step, in all processes."""
        counts = [target_count(micro_batch) for step in batch_samples for micro_batch in step]
        return self.accelerator.reduce(torch.stack(counts).sum().to(device), "sum")

    def training_step(self, model: Any, inputs: list[Batch], num_items_in_batch: Any = None) -> torch.Tensor:
        """One optimizer step's micro-batches; the processes exchange gradients after the last one."""
        total = torch.zeros((), device=self.args.device)
        for number, micro_batch in enumerate(inputs, start=1):
            is_last = number == len(inputs)
            self.accelerator.gradient_state._set_sync_gradients(is_last)
            with nullcontext() if is_last else self.accelerator.no_sync(model):
                total += super().training_step(model, micro_batch, num_items_in_batch)
        self.tell_loss(total)
        return total

    def tell_loss(self, total: torch.Tensor) -> None:
        # Each process has its share times their number.
        whole = self.accelerator.reduce(total, "mean")
        self.progress.add_loss(whole.item(), self.state.global_step + 1)

    def compute_loss(
        self, model: Any, inputs: Batch, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        if "targets" not in inputs:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        return model(**inputs, num_items_in_batch=num_items_in_batch).loss * self.args.world_size

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """The mean over all trained tokens of the validation rows, whatever the batches."""
        if self.evaluated is None or self.evaluated[0] != self.state.global_step:
            with self.progress.paused():
                loss = self.progress.finite(validation_loss(self, self.plan), self.state.global_step)
            self.evaluated = (self.state.global_step, loss)
            tokens = sum(row.trained_tokens for row in self.validation_rows)
            self.events.emit("evaluated", globalStep=self.state.global_step, loss=loss, trainedTokens=tokens)
        self._metrics["eval"].clear()
        metrics = {"eval_loss": self.evaluated[1]}
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        if self.validation_rows:
            self.evaluate()
        with self.progress.paused():
            super()._save_checkpoint(model, trial)
            # The others save their random states.
            self.accelerator.wait_for_everyone()
            if self.args.should_save:
                self.complete_checkpoint()

    def complete_checkpoint(self) -> None:
        self._writer.complete({**self.facts, **self._metrics_now()}, self.progress.state())

    def _metrics_now(self) -> dict[str, Any]:
        return {
            "globalStep": self.state.global_step,
            "metrics": {
                "validationLoss": self.evaluated[1] if self.evaluated else None,
                "initialValidationLoss": self.initial_validation_loss,
                "trainLoss": self.progress.train_loss,
            },
        }

    def floating_point_ops(self, inputs: Any) -> int:
        """Not counted: Transformers would take a batch for one tensor."""
        return 0

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """None: the manifest says where a checkpoint comes from."""
