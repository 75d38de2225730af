"""`python scripts/measure-training.py JOB_FOLDER/job.json`: trains the job, counting what the trainer really does.

Prints one JSON object on the last line: optimizer steps, tokens (without padding), positions (with it), peak
memory and seconds.
"""

import json
import sys
import time
from pathlib import Path

STARTED = time.monotonic()
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "trainer"))


def main() -> int:
    from mllm_trainer.__main__ import main as train

    counts = {"optimizerSteps": 0, "processedTokens": 0, "processedPositions": 0}
    count_steps(counts)
    code = train(sys.argv[1:])
    from mllm_trainer.calibrate import peak_memory_bytes

    seconds = round(time.monotonic() - STARTED, 2)
    took = {"seconds": seconds, "processorSeconds": round(time.process_time(), 2)}
    print(json.dumps({**counts, "peakMemoryBytes": peak_memory_bytes(), **took}))
    return code


def count_steps(counts: dict[str, int]) -> None:
    """Looks at what the model is given, not at the plan."""
    # As the trainer does before it imports torch, which reads it then.
    from mllm_trainer.environment import set_environment
    from mllm_trainer.job import read_job

    set_environment(read_job(Path(sys.argv[1])))
    from mllm_trainer.trainer import RoleTrainer

    step = RoleTrainer.training_step

    def counted(self, model, inputs, *rest, **options):
        counts["optimizerSteps"] += 1
        for batch in inputs:
            ids = batch["input_ids"]
            counts["processedPositions"] += ids.numel()
            counts["processedTokens"] += int((ids != self.processing_class.pad_token_id).sum())
        return step(self, model, inputs, *rest, **options)

    RoleTrainer.training_step = counted


if __name__ == "__main__":
    sys.exit(main())
