"""Prompts to tokens as training saw them, and tokens back to text, piece by piece."""

from collections.abc import Sequence
from typing import Any

from mllm_trainer.encoding import special_token_pattern

# Some tokenizers drop the blank before the first word they decode, so a few tokens before it are decoded too.
LEADING_TOKENS = 6
HALF_CHARACTER = "\ufffd"


class PromptReader:
    """Tokenises prompts such that their ids are the beginning of the training row's.

    The other half is mllm_trainer/encoding.py.
    """

    def __init__(self, tokenizer: Any):
        # A prompt holds the end-of-turn token on purpose; training broke up all the others.
        self._forged = special_token_pattern(tokenizer, but=tokenizer.eos_token)
        self._tokenizer = tokenizer

    def ids(self, prompt: str) -> list[int]:
        text = self._forged.sub(r"\g<0> ", prompt)
        return self._tokenizer(text, add_special_tokens=True, return_attention_mask=False)["input_ids"]


class TextWriter:
    """The text of one completion as its tokens come; ends before the first stop string."""

    def __init__(self, tokenizer: Any, prompt_ids: Sequence[int], stops: Sequence[str]):
        self._tokenizer = tokenizer
        self._lead = list(prompt_ids[-LEADING_TOKENS:])
        self._skipped = len(self._decode([]))
        self._stops = [stop for stop in stops if stop]
        self._ids: list[int] = []
        self.text = ""
        self.is_stopped = False

    def push(self, token: int) -> str:
        """The text that is certain now and was not before."""
        self._ids.append(token)
        whole = self._decode(self._ids)[self._skipped :]
        for stop in self._stops:
            place = whole.find(stop)
            if place >= 0:
                whole, self.is_stopped = whole[:place], True
        return self._advance(whole if self.is_stopped else whole[: len(whole) - self._uncertain(whole)])

    def finish(self) -> str:
        """What was held back."""
        return "" if self.is_stopped else self._advance(self._decode(self._ids)[self._skipped :])

    def _advance(self, text: str) -> str:
        piece = text[len(self.text) :]
        self.text += piece
        return piece

    def _uncertain(self, text: str) -> int:
        """How many characters at the end may yet turn out to be part of a stop string or of a character."""
        held = len(text) - len(text.rstrip(HALF_CHARACTER))
        for stop in self._stops:
            for count in range(min(len(stop) - 1, len(text)), held, -1):
                if text.endswith(stop[:count]):
                    held = count
                    break
        return held

    def _decode(self, ids: Sequence[int]) -> str:
        return self._tokenizer.decode(
            self._lead + list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
