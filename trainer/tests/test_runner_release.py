import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from runner_world import World, kill, starts_of, state_of, until

from mllm_runner.endings import Ending
from mllm_runner.release import release_runpod

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]


class Pods(BaseHTTPRequestHandler):
    requests: list[tuple[str, str, str | None]]
    status = 204

    def do_DELETE(self) -> None:
        self.requests.append((self.command, self.path, self.headers["Authorization"]))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def pods() -> Iterator[type[Pods]]:
    class Handler(Pods):
        requests = []  # noqa: RUF012

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Handler.address = f"http://127.0.0.1:{server.server_port}/v2"
    yield Handler
    server.shutdown()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.end()


def environment(pods: type[Pods]) -> dict[str, str]:
    return {"RUNPOD_API_BASE": pods.address, "RUNPOD_POD_ID": "pod1", "RUNPOD_API_KEY": "key1"}


def test_a_pod_deletes_itself_at_the_end_and_stays_until_it_is_gone(world: World, pods: type[Pods]):
    job = world.job("a", release="runpod")
    runner = world.start(job, **environment(pods))
    until(lambda: pods.requests)
    assert pods.requests == [("DELETE", "/v2/pods/pod1", "Bearer key1")]
    assert state_of(job)["state"] == "ended" and runner.poll() is None
    kill(runner)
    assert "key1" not in "".join(path.read_text() for path in job.iterdir())


def test_a_container_started_again_after_its_end_trains_nothing(world: World, pods: type[Pods]):
    job = world.job("a", {"exitCode": 1}, release="runpod")
    for number in (1, 2):
        runner = world.start(job, **environment(pods))
        until(lambda number=number: len(pods.requests) == number)
        kill(runner)
    assert len(starts_of(job)) == 1 and state_of(job)["starts"] == 1


def test_runpodctl_is_tried_where_the_request_is_refused(
    world: World, pods: type[Pods], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pods.status = 403
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/runpodctl").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/called\n')
    (tmp_path / "bin/runpodctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    job = world.job("a", release="runpod")
    world.start(job, **environment(pods))
    until(lambda: (tmp_path / "called").exists() and (tmp_path / "called").read_text())
    assert (tmp_path / "called").read_text() == "remove pod pod1\n"
    assert json.loads((job / "runner-state.json").read_text())["exitCode"] == 0


def test_a_runpodctl_that_cannot_run_is_told_and_tried_again(
    pods: type[Pods], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    pods.status = 403
    (tmp_path / "runpodctl").write_bytes(b"of another kind of machine")
    (tmp_path / "runpodctl").chmod(0o755)
    for name, value in {**environment(pods), "PATH": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)

    class ThreeTimes:
        pauses = 0

        def forget(self) -> None:
            pass

        def pause(self, seconds: float) -> None:
            self.pauses += 1
            if self.pauses == 3:
                raise Ending(143, "signal")

    release_runpod(ThreeTimes())
    assert len(pods.requests) == 3
    assert capsys.readouterr().err.count("The pod could not be removed") == 3
