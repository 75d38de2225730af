"""`python scripts/measure-training.py JOB_FOLDER/job.json`: the trainer itself, counted from within.

Prints one JSON object on the last line: optimizer steps, tokens (without padding), peak memory and seconds.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "trainer"))

began = time.monotonic()


def main() -> int:
    from mllm_trainer.__main__ import main as train
    from mllm_trainer.calibrate import peak_memory_bytes
    from mllm_trainer.trainer import RoleTrainer

    counts = {"tokens": 0, "positions": 0, "steps": 0}
    step = RoleTrainer.training_step

    def counted(self, model, inputs, *rest):
        ids = inputs["input_ids"]
        counts["tokens"] += int((ids != self.pad_id).sum())
        counts["positions"] += ids.numel()
        # Read after the last micro-batch, too: the trainer's own count of what it did.
        counts["steps"] = self.state.global_step + 1
        return step(self, model, inputs, *rest)

    RoleTrainer.training_step = counted
    code = train([sys.argv[1]])
    measured = {"peakMemoryBytes": peak_memory_bytes(), "seconds": round(time.monotonic() - began, 2)}
    print(json.dumps({**counts, **measured}))
    return code


if __name__ == "__main__":
    sys.exit(main())
