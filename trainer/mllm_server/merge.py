"""`python -m mllm_server.merge ADAPTER BASE OUT`: writes BASE with the adapter merged in, whole or not."""

import os
import shutil
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    if len(arguments) != 3:
        print("usage: python -m mllm_server.merge ADAPTER BASE OUT", file=sys.stderr)
        return 2
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from .models import is_activated

    adapter, base, out = arguments
    if is_activated(adapter):
        print(f"{adapter} is an activated adapter, which cannot be merged", file=sys.stderr)
        return 1
    model = AutoModelForCausalLM.from_pretrained(base, dtype="auto")
    temporary = Path(f"{out}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    PeftModel.from_pretrained(model, adapter).merge_and_unload().save_pretrained(temporary)
    AutoTokenizer.from_pretrained(adapter).save_pretrained(temporary)
    try:
        temporary.rename(out)
    except OSError:
        # Another process was quicker; what it made is the same.
        shutil.rmtree(temporary)
        if not Path(out, "config.json").exists():
            raise
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
