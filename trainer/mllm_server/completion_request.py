"""What a client may ask of /v1/completions."""

from dataclasses import dataclass
from typing import Any

DEFAULT_MAX_TOKENS = 256


class BadRequest(ValueError):
    """A request that cannot be served; the message is for the client."""

    def __init__(self, message: str, status: int = 400, code: str | None = None):
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class CompletionOrder:
    model: str
    prompt: str
    max_tokens: int
    temperature: float
    seed: int | None
    stop: tuple[str, ...]
    # GBNF, as llama.cpp takes it.
    grammar: str | None
    is_stream: bool
    includes_usage: bool


def read_order(body: Any) -> CompletionOrder:
    """Fields that are not known are passed over. Raises BadRequest."""
    if not isinstance(body, dict):
        raise BadRequest("the body is no JSON object")
    if body.get("n") not in (None, 1):
        raise BadRequest("n: this server writes one completion a request")
    stop = body.get("stop") or []
    stops = [stop] if isinstance(stop, str) else stop
    if not isinstance(stops, list) or not all(isinstance(each, str) for each in stops):
        raise BadRequest("stop: expected a text or a list of texts")
    stream_options = body.get("stream_options")
    return CompletionOrder(
        model=_text(body, "model"),
        prompt=_text(body, "prompt"),
        max_tokens=_whole_number(body, "max_tokens", DEFAULT_MAX_TOKENS, least=1),
        temperature=_temperature(body),
        seed=_whole_number(body, "seed", None, least=-(2**63)),
        stop=tuple(stops),
        grammar=_text(body, "grammar") if body.get("grammar") is not None else None,
        is_stream=body.get("stream") is True,
        includes_usage=isinstance(stream_options, dict) and stream_options.get("include_usage") is True,
    )


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        raise BadRequest(f"{key}: expected a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadRequest(f"{key}: holds half of a character") from error
    return value


def _whole_number(body: dict[str, Any], key: str, default: Any, least: int) -> Any:
    value = body.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**63:
        raise BadRequest(f"{key}: expected a whole number of at least {least}")
    return value


def _temperature(body: dict[str, Any]) -> float:
    value = body.get("temperature")
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise BadRequest("temperature: expected a number from 0 to 100")
    return float(value)
