"""A job's rows, read, tokenised, checked and fitted: the same to train on them and to forecast that."""

from collections.abc import Sequence

from .branches import Invocation, with_branches
from .encoding import Encoder
from .failures import Failure
from .job import Job
from .overflow import FittedRows, fit_rows, token_limit
from .rows import Row, read_rows


def read_splits(job: Job) -> dict[str, list[Row]]:
    """`train` and, where the job has it, `validation`. Raises Failure("bad_data")."""
    files = {"train": job.train, "validation": job.validation}
    return {split: list(read_rows(file.path, file.sha256)) for split, file in files.items() if file}


class Fitter:
    """Makes rows into tokens that a model of so many positions has room for.

    `invocation`: of the adapter that acts on them, where that is an activated one.
    """

    def __init__(
        self, job: Job, encoder: Encoder, positions: int | None, invocation: Invocation | None = None
    ):
        self._job, self._encoder, self._invocation = job, encoder, invocation
        self._limit = token_limit(job.overflow_policy, job.max_tokens, positions)

    def fit(self, rows: Sequence[Row]) -> FittedRows:
        """Raises Failure("tokenizer_boundary")."""
        encoded = list(self._encoder.encode(rows))
        self._encoder.check_whole_rows(rows, encoded, self._job.seed)
        fitted = fit_rows(encoded, self._job.overflow_policy, self._limit)
        return fitted if self._invocation is None else with_branches(fitted, self._invocation)

    def insist_on_training(self, fitted: FittedRows) -> None:
        """Raises Failure("bad_data") or Failure("no_trained_tokens") where nothing is there to train on."""
        path = self._job.train.path
        if not fitted.rows and not fitted.dropped:
            raise Failure("bad_data", f"{path} holds no rows", "Make the data set from more trajectories.")
        if not fitted.rows:
            raise Failure(
                "no_trained_tokens",
                f"Of {fitted.dropped} rows in {path} none has a trained token within {self._limit} tokens",
                "Raise overflow.max_tokens, or use overflow.policy: keep-end.",
            )
