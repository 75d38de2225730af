"""What happens to rows that are too long: never silently cut."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .encoding import EncodedRow
from .failures import Failure


@dataclass
class FittedRows:
    rows: list[EncodedRow] = field(default_factory=list)
    dropped: int = 0
    cut: int = 0

    @property
    def tokens(self) -> int:
        return sum(len(row) for row in self.rows)

    @property
    def trained_tokens(self) -> int:
        return sum(row.trained_tokens for row in self.rows)

    def joined(self, other: "FittedRows") -> "FittedRows":
        return FittedRows(self.rows + other.rows, self.dropped + other.dropped, self.cut + other.cut)


def token_limit(policy: str, max_tokens: int, positions: int | None) -> int:
    """The longest row allowed; `positions` is the model's own limit."""
    if positions is None or max_tokens <= positions:
        return max_tokens
    if policy == "drop":
        return positions
    raise Failure(
        "bad_job",
        f"overflow.max_tokens is {max_tokens}, but the model has only {positions} positions",
        f"Set overflow.max_tokens to at most {positions}, or overflow.policy to drop.",
    )


def without_tail(row: EncodedRow) -> EncodedRow:
    """Up to the last trained token: under causal attention, what follows costs time and teaches nothing."""
    if not row.trained.any() or row.trained[-1]:
        return row
    end = len(row) - int(row.trained[::-1].argmax())
    return replace(row, input_ids=row.input_ids[:end].copy(), trained=row.trained[:end].copy())


def fit_rows(rows: Iterable[EncodedRow], policy: str, limit: int) -> FittedRows:
    """Applies the policy; rows without a trained token are dropped too, since they teach nothing."""
    fitted = FittedRows()
    for row in map(without_tail, rows):
        is_cut = len(row) > limit and policy == "keep-end"
        if is_cut:
            row = replace(row, input_ids=row.input_ids[-limit:].copy(), trained=row.trained[-limit:].copy())
        if len(row) > limit or row.trained_tokens == 0:
            fitted.dropped += 1
            continue
        fitted.cut += is_cut
        fitted.rows.append(row)
    return fitted
