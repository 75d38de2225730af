"""Rows to tokens, such that training sees what a server sees when it tokenises the same text whole."""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from .failures import Failure
from .rows import Row

CHUNK_ROWS = 512
CHECKED_ROWS = 2000


@dataclass(frozen=True)
class EncodedRow:
    id: str
    input_ids: np.ndarray
    # One flag a token: is the loss taken on predicting it?
    trained: np.ndarray
    # Its rows may share a tree; empty where nothing is known.
    trajectory: str = ""
    # Which activated adapter acts on each token, 0 for none; without it none does (branches.py).
    adapters: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def keys(self) -> np.ndarray:
        """Equal where a model that has read equal ones before comes to the same state."""
        if self.adapters is None:
            return self.input_ids
        return self.input_ids + (self.adapters.astype(np.int32) << 24)

    @property
    def trained_tokens(self) -> int:
        # Nothing predicts the first token.
        return int(self.trained[1:].sum())


@dataclass
class Span:
    """The text between two end-of-turn tokens: pieces that differ in whether they are trained."""

    pieces: list[tuple[str, bool]]
    # Whether an end-of-turn token closes the span, and whether that is trained.
    end: bool | None = None

    def add(self, text: str, train: bool) -> None:
        if self.pieces and self.pieces[-1][1] == train:
            text = self.pieces.pop()[0] + text
        if text:
            self.pieces.append((text, train))

    def prefixes(self) -> list[str]:
        texts = [text for text, _ in self.pieces]
        return ["".join(texts[: count + 1]) for count in range(len(texts))]


class Encoder:
    """Tokenises rows for one tokenizer and one profile; counts the special tokens it broke up in data."""

    def __init__(self, tokenizer: Any, end_of_turn: str):
        if tokenizer.eos_token is None:
            raise Failure(
                "bad_model",
                "The tokenizer has no end-of-sequence token, which has to close each turn",
                "Choose a model whose tokenizer has an eos_token.",
            )
        self.tokenizer = tokenizer
        self.end_of_turn = end_of_turn
        # Servers stop at eos unasked, and chat models set eos to their own end-of-turn token.
        self.end_token: str = tokenizer.eos_token
        self.end_id: int = tokenizer.eos_token_id
        self.forged = 0
        self._special = special_token_pattern(tokenizer)
        self._start = self._start_ids()

    def encode(self, rows: Iterable[Row]) -> Iterator[EncodedRow]:
        """Raises Failure("tokenizer_boundary") where a token would reach across a boundary of segments."""
        iterator = iter(rows)
        while chunk := list(islice(iterator, CHUNK_ROWS)):
            spans = [self._spans(row) for row in chunk]
            self.forged += sum(map(self._inserted, chunk, spans))
            wanted = dict.fromkeys(
                lead + prefix for row in spans for lead, span in self._led(row) for prefix in span.prefixes()
            )
            ids = dict(zip(wanted, self._ids(list(wanted)), strict=True)) if wanted else {}
            for row, row_spans in zip(chunk, spans, strict=True):
                yield self._encode_row(row, row_spans, ids)

    def check_whole_rows(self, rows: Sequence[Row], encoded: Sequence[EncodedRow], seed: int) -> None:
        """Compares with the tokens of the whole text for all rows, or for a seeded sample of many."""
        count = len(rows)
        chosen = (
            range(count) if count <= CHECKED_ROWS else random.Random(seed).sample(range(count), CHECKED_ROWS)
        )
        for index in chosen:
            whole = self.tokenizer(self._text(rows[index]), add_special_tokens=True)["input_ids"]
            expected = encoded[index].input_ids.tolist()
            if whole != expected:
                place = next(
                    (i for i, (a, b) in enumerate(zip(whole, expected, strict=False)) if a != b),
                    len(expected) - 1,
                )
                left = self.tokenizer.decode(expected[max(0, place - 8) : place])
                right = self.tokenizer.decode(expected[place : place + 8])
                raise _boundary(rows[index].id, left, right)

    def ids_after_turn(self, text: str) -> list[int]:
        """The tokens of a text that stands right behind the end of a turn."""
        return self._ids([self.end_token + text])[0][1:]

    def _text(self, row: Row) -> str:
        parts = []
        for span in self._spans(row):
            parts += [text for text, _ in span.pieces]
            parts += [self.end_token] if span.end is not None else []
        return "".join(parts)

    def _spans(self, row: Row) -> list[Span]:
        spans = [Span([])]
        for segment in row.segments:
            parts = segment.text.split(self.end_of_turn)
            for index, part in enumerate(parts):
                spans[-1].add(self._break_special_tokens(part), segment.train)
                if index < len(parts) - 1:
                    spans[-1].end = segment.train
                    spans.append(Span([]))
        return spans

    def _break_special_tokens(self, text: str) -> str:
        """Puts a blank behind the first character of what reads as a special token: data cannot forge one.

        Inference has to do the same to texts it puts into a prompt.
        """
        return self._special.sub(r"\g<0> ", text)

    def _inserted(self, row: Row, spans: list[Span]) -> int:
        """How many blanks that took."""
        given = sum(len(segment.text.replace(self.end_of_turn, "")) for segment in row.segments)
        return sum(len(text) for span in spans for text, _ in span.pieces) - given

    def _led(self, spans: list[Span]) -> Iterator[tuple[str, Span]]:
        """Each span with what to tokenise before it: SentencePiece treats the start of a text apart."""
        for index, span in enumerate(spans):
            yield (self.end_token if index else ""), span

    def _encode_row(self, row: Row, spans: list[Span], ids: dict[str, list[int]]) -> EncodedRow:
        tokens, trained = list(self._start), [False] * len(self._start)
        for lead, span in self._led(spans):
            done = [self.end_id] if lead else []
            for (text, train), prefix in zip(span.pieces, span.prefixes(), strict=True):
                so_far = ids[lead + prefix]
                if so_far[: len(done)] != done:
                    raise _boundary(row.id, prefix[: len(prefix) - len(text)], text)
                tokens += so_far[len(done) :]
                trained += [train] * (len(so_far) - len(done))
                done = so_far
            if span.end is not None:
                tokens.append(self.end_id)
                trained.append(span.end)
        return EncodedRow(
            row.id, np.array(tokens, dtype=np.int32), np.array(trained, dtype=bool), row.trajectory
        )

    def _ids(self, texts: list[str]) -> list[list[int]]:
        options = {"return_attention_mask": False, "return_token_type_ids": False}
        return self.tokenizer(texts, add_special_tokens=False, **options)["input_ids"]

    def _start_ids(self) -> list[int]:
        """What the tokenizer puts before a text: its bos token or nothing."""
        bare, full = self._ids(["a"])[0], self.tokenizer("a", add_special_tokens=True)["input_ids"]
        return next(
            (full[:start] for start in range(len(full)) if full[start : start + len(bare)] == bare), []
        )


def special_token_pattern(tokenizer: Any, but: str | None = None) -> re.Pattern[str]:
    """Matches the first character of every special token's text, except `but`."""
    added = tokenizer.added_tokens_decoder.values()
    texts = {token.content for token in added if token.special} | set(tokenizer.all_special_tokens)
    heads = [re.escape(text[0]) + f"(?={re.escape(text[1:])})" for text in sorted(texts - {but}) if text]
    return re.compile("|".join(heads) or r"(?!)")


def _boundary(row_id: str, left: str, right: str) -> Failure:
    return Failure(
        "tokenizer_boundary",
        f"Row {row_id}: this tokenizer joins text across the boundary {left[-40:]!r} | {right[:40]!r},"
        " so a server would see other tokens than training",
        "Use a profile whose markers end without white space and whose turn texts begin with one blank,"
        " or another base model; a tokenizer that appends eos must have add_eos_token off.",
    )
