"""`python -m mllm_server [--port N] NAME=FOLDER...` serves each folder's model under its name."""

import argparse
import json
import os
import signal
import socket
import sys
from typing import Any

MEBIBYTE = 1 << 20
# Below this many parameters threads wait for each other longer than they work: on a busy machine by far.
SMALL_PARAMETERS = 30_000_000


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    import uvicorn

    from .application import create_application
    from .engine import Engine
    from .models import ModelError
    from .parent import when_parent_ends

    # First of all, or a port that is taken would be noticed after minutes of loading.
    listener = _listen(options.host, options.port)
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        models = _load(options, device)
    except ModelError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    threads = options.threads or (1 if max(map(_parameters, models.values())) < SMALL_PARAMETERS else None)
    if threads is not None:
        torch.set_num_threads(threads)
    engine = Engine(models, options.max_rows, options.prefix_megabytes * MEBIBYTE)
    engine.start()
    hosts = ["127.0.0.1", "localhost", "[::1]"] if options.host == "127.0.0.1" else ["*"]
    application = create_application(engine, hosts)
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", timeout_graceful_shutdown=2))
    if options.with_parent:
        when_parent_ends(lambda: os.kill(os.getpid(), signal.SIGTERM))
    _say({"type": "ready", "port": listener.getsockname()[1], "models": list(models), "device": device})
    server.run(sockets=[listener])
    engine.stop()
    return 0


def _load(options: argparse.Namespace, device: str) -> dict[str, Any]:
    from .models import load_models

    bases = dict(options.base)
    # Roles may be the same checkpoint, which then is loaded once.
    wanted = {name: (folder, bases.get(name)) for name, folder in options.models}
    loaded = load_models(wanted.values(), device)
    return {name: loaded[pair] for name, pair in wanted.items()}


def _parameters(served: Any) -> int:
    return sum(parameter.numel() for parameter in served.model.parameters())


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mllm_server", description=__doc__)
    parser.add_argument("models", nargs="+", type=_named_folder, metavar="NAME=FOLDER")
    parser.add_argument(
        "--base",
        action="append",
        default=[],
        type=_named_folder,
        metavar="NAME=MODEL",
        help="the model below an adapter; default: what the adapter names",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--device", help="default: cuda if there is a GPU, else cpu")
    parser.add_argument("--threads", type=int, help="of the CPU; default: one for small models")
    parser.add_argument("--max-rows", type=int, default=16, help="completions of one model at a time")
    parser.add_argument(
        "--prefix-megabytes", type=int, default=256, help="per model, for keys and values of earlier prompts"
    )
    parser.add_argument("--with-parent", action="store_true", help="end when stdin closes")
    return parser.parse_args(arguments)


def _named_folder(text: str) -> tuple[str, str]:
    name, equals, folder = text.partition("=")
    if not (name and equals and folder):
        raise argparse.ArgumentTypeError(f"expected NAME=FOLDER, found {text}")
    return name, folder


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=256)
    except OSError as error:
        print(f"error: {host}:{port} cannot be listened at: {error.strerror}", file=sys.stderr)
        sys.exit(1)


def _say(event: dict[str, Any]) -> None:
    print(json.dumps(event), flush=True)


if __name__ == "__main__":
    sys.exit(main())
