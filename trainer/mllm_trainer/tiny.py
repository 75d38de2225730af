"""The tiny model: small enough to lie in the repository and to learn the sample world on two cores.

`python -m mllm_trainer.tiny ROWS.jsonl... --out DIR` writes an untrained one for an ordinary job to train.
"""

import argparse
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

BOS, EOS, PAD = "<s>", "</s>", "<pad>"
VOCABULARY = 1280
POSITIONS = 2048
# Keys and types of JSON Schema: with the punctuation around them they are formula, not content.
SCHEMA_WORDS = (
    "name|description|parameters|properties|required|type|object|string|integer|number|boolean|arguments"
)
PUNCTUATION = r"[^A-Za-z\d_]"
GLUE = rf'(?:{PUNCTUATION}*"(?:{SCHEMA_WORDS})")+{PUNCTUATION}*'
# A name has the same tokens after a blank as after a quotation mark, or copying it could not be learnt:
# capitalised syllables and digits never take the blank before them.
WORDS = rf" ?[a-z_]+|[A-Z][a-z]*|\d\d?|{PUNCTUATION}+"


def train_tokenizer(
    texts: Iterable[str], markers: Iterable[str] = (), vocabulary: int = VOCABULARY
) -> "PreTrainedTokenizerFast":
    """Byte-level BPE. Markers are matched first, so that the text after one starts a token of its own."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    fixed = [re.escape(marker) for marker in sorted(markers, key=len, reverse=True)]
    pattern = Regex("|".join([*fixed, GLUE, WORDS]))
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(pattern, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, BOS, EOS],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    start = (BOS, tokenizer.token_to_id(BOS))
    tokenizer.post_processor = processors.TemplateProcessing(f"{BOS} $A", special_tokens=[start])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        model_max_length=POSITIONS,
        clean_up_tokenization_spaces=False,
    )


def create_model(tokenizer: Any, seed: int) -> "LlamaForCausalLM":
    """About 0.6 M parameters, randomly initialised."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=128,
            intermediate_size=384,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=POSITIONS,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def segment_texts(rows: Iterable[Any], end_of_turn: str) -> list[str]:
    """The texts a tokenizer for these rows learns from: the stretches between the ends of turns."""
    whole = ("".join(part.text for part in row.segments) for row in rows)
    return [text for row in whole for text in row.split(end_of_turn) if text]


def main(arguments: list[str] | None = None) -> None:
    from .rows import read_profile, read_rows

    parser = argparse.ArgumentParser(prog="python -m mllm_trainer.tiny", description=__doc__.splitlines()[0])
    parser.add_argument(
        "rows", nargs="+", type=Path, help="subset files whose text the tokenizer learns from"
    )
    parser.add_argument(
        "--profile", type=Path, help="profile.json with endOfTurn and markers (default: beside ROWS)"
    )
    parser.add_argument("--out", required=True, type=Path, help="folder of the new model")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    profile = read_profile(options.profile or options.rows[0].parent / "profile.json")
    rows = (row for path in options.rows for row in read_rows(path))
    tokenizer = train_tokenizer(segment_texts(rows, profile.end_of_turn), profile.markers)
    create_model(tokenizer, options.seed).save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)
    print(f"{options.out}: {len(tokenizer)} tokens")


if __name__ == "__main__":
    main()
