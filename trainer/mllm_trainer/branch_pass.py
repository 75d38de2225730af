"""Two passes over a batch of trunks and branches (branch_batch.py): only the second one has gradients."""

from typing import Any

import torch


def branch_states(model: Any, batch: dict[str, Any]) -> torch.Tensor:
    """The last states of the branches: trunks go forward alone, and leave their keys and values to them."""
    tokens, trunk, tree = model.token_adapters, batch.pop("trunk", None), batch.pop("tree", None)
    adapters, ids, positions = (batch.pop(key) for key in ("adapters", "input_ids", "position_ids"))
    size = ids.shape[1] - len(adapters)
    kept: dict[Any, Any] = {}
    if trunk is not None:
        tokens.act_on(None)
        with torch.no_grad():
            look = {"tree": trunk | {"keep": kept}}
            model.base_model(input_ids=ids[:, :size], position_ids=positions[:, :size], **batch, **look)
    tokens.act_on(adapters)
    look = {"tree": tree | {"kept": kept}} if tree is not None else {}
    output = model.base_model(input_ids=ids[:, size:], position_ids=positions[:, size:], **batch, **look)
    return output.last_hidden_state
