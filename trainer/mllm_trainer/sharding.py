"""Weights in parts (FSDP2), where accelerate by itself does not do what is wanted here. Needs torch."""

import os
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import DistributedType
from torch.distributed.fsdp import MixedPrecisionPolicy


def shard_on_processors() -> None:
    """accelerate shards on GPUs alone, torch wherever there are processes: without GPUs it is told so."""
    if os.environ.get("ACCELERATE_USE_FSDP") != "true" or torch.cuda.is_available():
        return
    original = AcceleratorState.__init__

    def init(self: Any, *arguments: Any, fsdp_plugin: Any = None, **options: Any) -> None:
        original(self, *arguments, fsdp_plugin=fsdp_plugin, **options)
        if fsdp_plugin is not None and self.distributed_type == DistributedType.MULTI_CPU:
            if self.mixed_precision != "no":
                fsdp_plugin.set_mixed_precision(self.mixed_precision)
            self.fsdp_plugin = fsdp_plugin
            # In both, as accelerate itself does it.
            self.distributed_type = PartialState._shared_state["distributed_type"] = DistributedType.FSDP

    AcceleratorState.__init__ = init


def keep_precision(accelerator: Accelerator) -> None:
    """Gradients are summed and losses told in float32, as without shards: accelerate would round both."""
    plugin = getattr(accelerator.state, "fsdp_plugin", None)
    if plugin is not None and plugin.mixed_precision_policy is not None:
        dtype = plugin.mixed_precision_policy.param_dtype
        plugin.mixed_precision_policy = MixedPrecisionPolicy(param_dtype=dtype, reduce_dtype=torch.float32)
