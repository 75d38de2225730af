"""Writes the completions of several models on one thread."""

import queue
import threading
import traceback

import torch

from .activated import ActivatedBatch
from .batch import Batch
from .grammar import Grammars
from .models import ServedModel
from .prefixes import PrefixStore
from .rows import Request, failure
from .texts import PromptReader


class Lane:
    """One model, what waits for it and what it writes."""

    def __init__(self, served: ServedModel, prefix_bytes: int):
        self.context_tokens = served.context_tokens
        self.tokenizer = served.tokenizer
        self.end_ids = served.end_ids
        self.reader = PromptReader(served.tokenizer)
        self.grammars = Grammars(served.tokenizer, served.width)
        self.adapter = served.adapter
        if served.adapter is None:
            self.batch = Batch(served.model, PrefixStore(prefix_bytes))
        else:
            # Of all its adapters together.
            served.adapter.base.trunks.budget_bytes += prefix_bytes
            self.batch = ActivatedBatch(served.adapter)
        self.waiting: list[Request] = []

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.batch.rows

    def requests(self) -> list[Request]:
        return [*self.waiting, *(row.request for row in self.batch.rows)]


class Engine:
    """Requests go in on any thread; their pieces are told on the engine's own."""

    def __init__(self, models: dict[str, ServedModel], max_rows: int, prefix_bytes: int):
        self.lanes = {name: Lane(served, prefix_bytes) for name, served in models.items()}
        self._max_rows = max_rows
        self._arrivals: queue.SimpleQueue[tuple[str, Request] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._arrivals.put(None)
        self._thread.join(timeout=5)

    def submit(self, model: str, request: Request) -> None:
        self._arrivals.put((model, request))

    @torch.inference_mode()
    def _run(self) -> None:
        while True:
            is_idle = all(lane.is_idle for lane in self.lanes.values())
            # Only an engine with nothing to do waits.
            while is_idle or not self._arrivals.empty():
                arrival = self._arrivals.get()
                if arrival is None:
                    return
                self.lanes[arrival[0]].waiting.append(arrival[1])
                is_idle = False
            for lane in self.lanes.values():
                self._advance(lane)

    def _advance(self, lane: Lane) -> None:
        try:
            lane.batch.leave()
            while lane.waiting and len(lane.batch.rows) < self._max_rows:
                self._join(lane, lane.waiting.pop(0))
            if lane.batch.rows:
                lane.batch.step()
        except Exception as error:
            # One model's failure is told to those it concerns; the server goes on.
            traceback.print_exc()
            failed = lane.requests()
            lane.waiting.clear()
            lane.batch.clear()
            for request in failed:
                request.tell(failure(error))

    def _join(self, lane: Lane, request: Request) -> None:
        if request.is_cancelled:
            return
        try:
            lane.batch.join(request)
        except Exception as error:
            traceback.print_exc()
            request.tell(failure(error))
