"""The Berkeley leaderboard's own harness with one model, `mllm`: an agent behind `mllm serve`.

Its registry of models imports the SDK of every vendor. This one stands in its place, so that none has to be
installed. Arguments are the harness's own.
"""

import os
import sys
from dataclasses import dataclass
from types import ModuleType

from bfcl_eval.model_handler.api_inference.openai_completion import OpenAICompletionsHandler


@dataclass
class Model:
    model_name: str = os.environ.get("MLLM_BFCL_MODEL", "mllm")
    display_name: str = "mllm"
    url: str = ""
    org: str = ""
    license: str = ""
    model_handler: type = OpenAICompletionsHandler
    input_price: float | None = None
    output_price: float | None = None
    is_fc_model: bool = True
    # A name such as math.factorial is sent as math_factorial.
    underscore_to_dot: bool = True


registry = ModuleType("bfcl_eval.constants.model_config")
registry.MODEL_CONFIG_MAPPING = {"mllm": Model()}
sys.modules[registry.__name__] = registry

from bfcl_eval.__main__ import cli  # noqa: E402

if __name__ == "__main__":
    cli()
