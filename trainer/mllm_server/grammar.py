"""Grammars that a completion has to follow, token by token."""

from collections import OrderedDict
from typing import Any

import numpy as np
import torch

try:
    import llguidance
    import llguidance.hf
    from llguidance.gbnf_to_lark import gbnf_to_lark
except ImportError:  # an environment made without requirements-serve.txt
    llguidance = None


KEPT_GRAMMARS = 256


class GrammarError(ValueError):
    """The request's grammar cannot be used."""


class Grammars:
    """Of one tokenizer. `width` is how many logits the model gives. Not safe for several threads."""

    def __init__(self, tokenizer: Any, width: int):
        self._width = width
        self._tokenizer = tokenizer
        self._tokens: Any = None
        # A task's calls all have the same grammar.
        self._compiled: OrderedDict[str, Any] = OrderedDict()

    def matcher(self, gbnf: str) -> "Matcher":
        """Raises GrammarError."""
        if llguidance is None:
            raise GrammarError("grammars need the package llguidance: run `mllm setup`")
        compiled = self._compiled.pop(gbnf, None) or self._compile(gbnf)
        self._compiled[gbnf] = compiled
        while len(self._compiled) > KEPT_GRAMMARS:
            self._compiled.popitem(last=False)
        return Matcher(compiled.deep_copy())

    def _compile(self, gbnf: str) -> Any:
        if self._tokens is None:
            self._tokens = llguidance.hf.from_tokenizer(self._tokenizer, n_vocab=self._width)
        try:
            lark = gbnf_to_lark(gbnf)
        except Exception as error:
            raise GrammarError(f"the grammar cannot be read: {error}") from error
        matcher = llguidance.LLMatcher(self._tokens, lark)
        if matcher.is_error():
            raise GrammarError(f"the grammar cannot be read: {matcher.get_error()}")
        return matcher


class Matcher:
    """Follows one completion."""

    def __init__(self, matcher: Any):
        self._matcher = matcher

    def restrict(self, logits: torch.Tensor) -> torch.Tensor:
        """The logits of one token, with what the grammar forbids at minus infinity."""
        if self._matcher.is_stopped():
            return logits
        # The package's own way of applying a mask would compile a kernel first, for minutes.
        mask = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        allowed = torch.from_numpy(np.unpackbits(mask, bitorder="little", count=len(logits)).astype(bool))
        return logits.masked_fill(~allowed.to(logits.device), float("-inf"))

    @property
    def is_complete(self) -> bool:
        """Whether nothing may follow."""
        return self._matcher.is_stopped() and not self._matcher.is_error()

    def advance(self, token: int) -> None:
        if not self._matcher.is_stopped():
            self._matcher.consume_token(token)
