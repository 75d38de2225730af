import pytest
import torch
from test_tree import row
from torch.nn import functional
from torch.nn.attention import varlen

from mllm_trainer.tree_attention import _by_kernel, _by_segment
from mllm_trainer.tree_batch import dense_mask, join_trees

TREES = [[row([1, 2, 3, 4]), row([1, 2, 5]), row([1, 6, 7])], [row([1, 2])]]


def as_flash_attention(query, key, value, query_borders, key_borders, max_query, max_key, **options):
    """What torch says of its kernel: (tokens, heads, size), causal aligned at the end, fewer key heads."""
    assert options["window_size"] == (-1, 0) and options["enable_gqa"]
    assert query_borders.dtype == key_borders.dtype == torch.int32
    assert (max_query, max_key) == (int(query_borders.diff().max()), int(key_borders.diff().max()))
    parts = []
    for index in range(len(query_borders) - 1):
        q = query[query_borders[index] : query_borders[index + 1]].transpose(0, 1)
        k, v = (t[key_borders[index] : key_borders[index + 1]].transpose(0, 1) for t in (key, value))
        mask = torch.ones(q.shape[1], k.shape[1], dtype=torch.bool).tril(k.shape[1] - q.shape[1])
        scale = options["scale"]
        part = functional.scaled_dot_product_attention(q, k, v, mask, scale=scale, enable_gqa=True)
        parts.append(part.transpose(0, 1))
    return torch.cat(parts)


@pytest.mark.parametrize("trees", [TREES, TREES[1:]], ids=["branched", "single path"])
def test_segments_and_kernel_attend_as_a_dense_mask_does(trees: list, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(varlen, "varlen_attn", as_flash_attention)
    torch.manual_seed(0)
    batch = join_trees(trees)
    size, tree = batch["input_ids"].shape[1], batch["tree"]
    query, key, value = (torch.randn(1, heads, size, 8) for heads in (4, 2, 2))
    expected = functional.scaled_dot_product_attention(
        query, key, value, dense_mask(batch), scale=0.3, enable_gqa=True
    ).transpose(1, 2)
    places = tree["places"] if len(tree["places"]) else torch.arange(size)
    states = query, key.index_select(2, places), value.index_select(2, places)
    for attend in (_by_segment, _by_kernel):
        torch.testing.assert_close(attend(states, tree, 0.3), expected)


def test_segments_attend_on_the_device_of_their_states():
    tree = join_trees(TREES)["tree"]
    sizes = int(tree["queries"][-1]), len(tree["places"]), len(tree["places"])
    states = tuple(
        torch.empty(1, heads, size, 8, device="meta") for heads, size in zip((4, 2, 2), sizes, strict=True)
    )
    assert _by_segment(states, tree, None).device.type == "meta"
