"""The HTTP side: /v1/completions, /v1/models and /health, with OpenAI's shapes."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from .completion_request import BadRequest, CompletionOrder, read_order
from .engine import Engine
from .grammar import GrammarError
from .rows import Piece, Request
from .texts import TextWriter

MAX_BODY_BYTES = 8 << 20


@dataclass(frozen=True)
class Completion:
    """What the engine was asked for, and the pieces of text that it has told so far."""

    model: str
    request: Request
    pieces: asyncio.Queue[Piece]


def create_application(engine: Engine, allowed_hosts: list[str]) -> Starlette:
    async def complete(http: HttpRequest) -> Response:
        try:
            wanted = read_order(await _body(http))
            completion = _completion(engine, wanted)
        except BadRequest as error:
            return _error(error.status, str(error), error.code)
        engine.submit(completion.model, completion.request)
        if wanted.is_stream:
            return StreamingResponse(_events(completion, wanted), media_type="text/event-stream")
        return await _whole(http, completion)

    async def models(_: HttpRequest) -> Response:
        listed = [
            {"id": name, "object": "model", "owned_by": "mllm", "max_model_len": lane.context_tokens}
            for name, lane in engine.lanes.items()
        ]
        return JSONResponse({"object": "list", "data": listed})

    async def health(_: HttpRequest) -> Response:
        return JSONResponse({"status": "ok"})

    routes = [
        Route("/v1/completions", complete, methods=["POST"]),
        Route("/v1/models", models),
        Route("/health", health),
    ]
    # A page in a browser could otherwise reach this server under a name of its own.
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts)
    return Starlette(routes=routes, middleware=[guard])


async def _body(http: HttpRequest) -> Any:
    chunks, size = [], 0
    async for chunk in http.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise BadRequest(f"the body is longer than {MAX_BODY_BYTES} bytes", status=413)
        chunks.append(chunk)
    try:
        return json.loads(b"".join(chunks))
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is no JSON: {error}") from error


def _completion(engine: Engine, wanted: CompletionOrder) -> Completion:
    lane = engine.lanes.get(wanted.model)
    if lane is None:
        names = ", ".join(engine.lanes)
        raise BadRequest(f"there is no model {wanted.model}; there are {names}", 404, "model_not_found")
    ids = lane.reader.ids(wanted.prompt)
    room = lane.context_tokens - len(ids)
    if not ids or room < 1:
        words = f"the prompt has {len(ids)} tokens; {wanted.model} takes 1 to {lane.context_tokens - 1}"
        raise BadRequest(words, code="context_length_exceeded")
    if lane.adapter is not None and lane.adapter.start_in(ids) < 0:
        marker = lane.tokenizer.decode(lane.adapter.invocation)
        raise BadRequest(f"{wanted.model} is an activated adapter, and the prompt does not call it: {marker}")
    # A stop string that is a special token never shows in the text.
    specials = {lane.tokenizer.convert_ids_to_tokens(end): end for end in lane.tokenizer.all_special_ids}
    stop_ids = lane.end_ids | {specials[stop] for stop in wanted.stop if stop in specials}
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[Piece] = asyncio.Queue()
    try:
        matcher = lane.grammars.matcher(wanted.grammar) if wanted.grammar else None
    except GrammarError as error:
        raise BadRequest(str(error)) from error
    request = Request(
        prompt_ids=ids,
        max_tokens=min(wanted.max_tokens, room),
        temperature=wanted.temperature,
        seed=wanted.seed,
        tell=lambda piece: loop.call_soon_threadsafe(pieces.put_nowait, piece),
        writer=TextWriter(lane.tokenizer, ids, [stop for stop in wanted.stop if stop not in specials]),
        stop_ids=frozenset(stop_ids),
        matcher=matcher,
    )
    return Completion(wanted.model, request, pieces)


async def _whole(http: HttpRequest, completion: Completion) -> Response:
    text = ""
    while True:
        try:
            piece = await asyncio.wait_for(completion.pieces.get(), timeout=1)
        except asyncio.TimeoutError:
            if await http.is_disconnected():
                completion.request.is_cancelled = True
                return Response(status_code=499)
            continue
        if piece.error is not None:
            return _error(500, piece.error, "server_error")
        text += piece.text
        if piece.finish_reason is not None:
            answer = _answer(completion, text, piece.finish_reason)
            return JSONResponse({**answer, "usage": _usage(completion, piece)})


async def _events(completion: Completion, wanted: CompletionOrder) -> AsyncIterator[str]:
    frame = _answer(completion, "", None)
    try:
        while True:
            piece = await completion.pieces.get()
            if piece.error is not None:
                yield _event({"error": {"message": piece.error, "type": "server_error"}})
                return
            frame["choices"] = _choices(piece.text, piece.finish_reason)
            yield _event(frame)
            if piece.finish_reason is not None:
                break
        if wanted.includes_usage:
            yield _event({**frame, "choices": [], "usage": _usage(completion, piece)})
        yield "data: [DONE]\n\n"
    finally:
        # Reached early where the client has gone.
        completion.request.is_cancelled = True


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"


def _answer(completion: Completion, text: str, finish_reason: str | None) -> dict[str, Any]:
    return {
        "id": f"cmpl-{uuid.uuid4().hex}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": completion.model,
        "choices": _choices(text, finish_reason),
    }


def _choices(text: str, finish_reason: str | None) -> list[dict[str, Any]]:
    return [{"index": 0, "text": text, "logprobs": None, "finish_reason": finish_reason}]


def _usage(completion: Completion, last: Piece) -> dict[str, int]:
    prompt, written = len(completion.request.prompt_ids), last.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def _error(status: int, message: str, code: str | None) -> Response:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    value = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return JSONResponse(value, status_code=status)
