"""The server writes what the model writes alone, and tokenises as training did."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from starlette.testclient import TestClient

from mllm_server.completion_request import BadRequest, read_order
from mllm_server.engine import Engine
from mllm_server.models import load_model
from mllm_server.prefixes import PrefixStore
from mllm_server.rows import Piece, Request
from mllm_server.rows import Row as WrittenRow
from mllm_server.texts import PromptReader, TextWriter
from mllm_trainer.encoding import Encoder
from mllm_trainer.rows import Row, Segment

TINY = str(Path(__file__).resolve().parents[2] / "data" / "tiny")
PROMPTS = [
    'user: What is the weather in TorMen?</s>planner: I look. Next: call.</s>caller: {"city": "',
    'user: TorMen</s>planner: the name is in "',
    "tools: "
    + '{"name": "get_time", "parameters": {"type": "object"}}\n' * 6
    + 'user: {"a": "KorVel", "b": "',
]


@pytest.fixture(scope="module")
def served():
    return load_model(TINY, None, "cpu")


@pytest.fixture
def engine(served):
    engine = Engine({"planner": served, "caller": served}, max_rows=4, prefix_bytes=1 << 24)
    engine.start()
    yield engine
    engine.stop()


def alone(served, prompt, count):
    """Greedy, token by token, without a cache."""
    ids = served.tokenizer(prompt)["input_ids"]
    written = []
    for _ in range(count):
        with torch.inference_mode():
            token = int(served.model(torch.tensor([ids + written])).logits[0, -1].argmax())
        if token in served.end_ids:
            break
        written.append(token)
    lead = served.tokenizer.decode(ids)
    return served.tokenizer.decode(ids + written)[len(lead) :]


def ask(engine, prompt, model="planner", **options):
    """Submits, and returns where its pieces will be."""
    lane = engine.lanes[model]
    ids = lane.reader.ids(prompt)
    pieces: list[Piece] = []
    ended = threading.Event()

    def tell(piece):
        pieces.append(piece)
        if piece.finish_reason or piece.error:
            ended.set()

    settings = {"max_tokens": 12, "temperature": 0, "seed": None, "stop_ids": lane.end_ids} | options
    stops = settings.pop("stops", [])
    grammar = settings.pop("grammar", None)
    matcher = lane.grammars.matcher(grammar) if grammar else None
    request = Request(
        prompt_ids=ids, tell=tell, writer=TextWriter(lane.tokenizer, ids, stops), matcher=matcher, **settings
    )
    engine.submit(model, request)
    return request, pieces, ended


def text_of(engine, prompt, **options):
    _, pieces, ended = ask(engine, prompt, **options)
    assert ended.wait(30)
    assert pieces[-1].error is None
    return "".join(piece.text for piece in pieces)


def test_completions_written_together_are_those_written_alone(served, engine):
    prompts = [f"{prompt}{end}" for prompt in PROMPTS for end in ("", "Ka", "TorMen", "x1")]
    expected = [alone(served, prompt, 12) for prompt in prompts]
    assert any(expected)
    asked = [ask(engine, prompt, model=("planner", "caller")[i % 2]) for i, prompt in enumerate(prompts)]
    for (_, pieces, ended), text in zip(asked, expected, strict=True):
        assert ended.wait(60)
        assert "".join(piece.text for piece in pieces) == text


def test_a_prompt_that_goes_on_from_an_earlier_one_changes_nothing(served, engine):
    first = PROMPTS[2]
    longer = first + text_of(engine, first) + '"}</s>observation: {"a": "'
    assert text_of(engine, longer) == alone(served, longer, 12)
    # Again, now that all of it is known.
    assert text_of(engine, longer) == alone(served, longer, 12)


def test_a_seed_repeats_a_sampled_text(engine):
    texts = [text_of(engine, PROMPTS[1], temperature=2.0, seed=seed) for seed in (1, 1, 2, 3, 4)]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 1


def test_a_cancelled_completion_leaves_the_others_alone(served, engine):
    request, _, _ = ask(engine, PROMPTS[0], max_tokens=1500, stop_ids=frozenset())
    request.is_cancelled = True
    assert text_of(engine, PROMPTS[1]) == alone(served, PROMPTS[1], 12)


def test_a_row_that_fails_takes_no_other_with_it(served, engine, monkeypatch):
    real = WrittenRow._choose

    def choose(row, logits):
        if row.request.seed == 13 and len(row.ids) == 2:
            raise RuntimeError("nothing can be chosen")
        return real(row, logits)

    monkeypatch.setattr(WrittenRow, "_choose", choose)
    _, other, others_end = ask(engine, PROMPTS[1])
    _, pieces, ended = ask(engine, PROMPTS[0], seed=13)
    assert ended.wait(30) and others_end.wait(30)
    assert pieces[-1].error == "RuntimeError: nothing can be chosen"
    assert "".join(piece.text for piece in other) == alone(served, PROMPTS[1], 12)
    # What it had read is not taken for more than it was.
    assert text_of(engine, PROMPTS[0]) == alone(served, PROMPTS[0], 12)


@pytest.mark.parametrize("temperature", [1e-6, 1e-38, 5e-324])
def test_a_temperature_near_zero_is_zero(served, engine, temperature):
    assert text_of(engine, PROMPTS[1], temperature=temperature) == alone(served, PROMPTS[1], 12)


def test_one_models_failure_is_told_and_passes(served, engine, monkeypatch):
    batch = engine.lanes["caller"].batch
    with monkeypatch.context() as patch:
        patch.setattr(batch, "join", lambda _: (_ for _ in ()).throw(RuntimeError("out of memory")))
        _, pieces, ended = ask(engine, PROMPTS[0], model="caller")
        assert ended.wait(30)
        assert pieces[-1].error == "RuntimeError: out of memory"
    assert text_of(engine, PROMPTS[1], model="caller") == alone(served, PROMPTS[1], 12)


GRAMMAR = r"""root ::= " Action: " ("get_time" | "get_weather") " " "{" ws "\"city\"" ws ":" ws string ws "}"
ws ::= | " " | "\n" [ \t]{0,20}
string ::= "\"" character{0,8} "\""
character ::= [^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F])"""


@pytest.mark.parametrize("temperature", [0, 1.5])
def test_a_grammar_is_followed_to_its_end(engine, temperature):
    for seed in range(4):
        text = text_of(engine, PROMPTS[0], grammar=GRAMMAR, max_tokens=80, temperature=temperature, seed=seed)
        head, _, rest = text.removeprefix(" Action: ").partition(" ")
        assert head in ("get_time", "get_weather")
        assert list(json.loads(rest)) == ["city"]


def test_where_a_grammar_ends_the_completion_ends(engine):
    assert text_of(engine, PROMPTS[0], grammar='root ::= " yes" | " no"', max_tokens=40) in (" yes", " no")


class TestTexts:
    def write(self, served, text, stops):
        ids = served.tokenizer("observation:")["input_ids"]
        writer = TextWriter(served.tokenizer, ids, stops)
        pieces = []
        for token in served.tokenizer(text, add_special_tokens=False)["input_ids"]:
            pieces.append(writer.push(token))
            if writer.is_stopped:
                break
        return "".join(pieces), "".join(pieces) + writer.finish()

    def test_a_stop_string_is_never_told(self, served):
        assert self.write(served, " one two three", ["two"])[1] == " one "

    def test_what_may_be_the_beginning_of_a_stop_string_is_held_back(self, served):
        told, whole = self.write(served, " one tw", ["two"])
        assert not told.endswith("t") and not told.endswith("tw")
        assert whole == " one tw"

    def test_characters_of_several_tokens_come_whole(self, served):
        told, whole = self.write(served, " Grüße, 世界 🙂!", [])
        assert whole == " Grüße, 世界 🙂!"
        assert "\ufffd" not in told


class TestParity:
    """The ids of the prompt of step n are the beginning of the training row's."""

    SEGMENTS = (
        ('<pad> tools [INST]\n{"name": "f"}<END>user: Wie spät? 世界<END>planner:', False),
        (" I look. Next: call.<END>", True),
        ("caller:", False),
        (' Action: f\nInput: {"a": "TorMen"}<END>', True),
        ("observation: <s>12<END>planner:", False),
        (" Done. Next: answer.<END>", True),
        ("summarizer:", False),
        (" It is 12.<END>", True),
    )

    def test_prompts_have_the_ids_of_training(self, served):
        tokenizer = served.tokenizer
        row = Row(id="r", segments=tuple(Segment(text, train) for text, train in self.SEGMENTS))
        [encoded] = Encoder(tokenizer, "<END>").encode([row])
        reader = PromptReader(tokenizer)
        text, checked = "", 0
        for segment in row.segments:
            if segment.train:
                ids = reader.ids(text.replace("<END>", tokenizer.eos_token))
                assert encoded.input_ids[: len(ids)].tolist() == ids
                assert np.flatnonzero(encoded.trained[len(ids) :])[0] == 0
                checked += 1
            text += segment.text
        assert checked == 4


class TestPrefixStore:
    def layers(self, tokens):
        return [(torch.zeros(1, 1, tokens, 2), torch.zeros(1, 1, tokens, 2))]

    def test_finds_the_longest_beginning(self):
        store = PrefixStore(1 << 20)
        store.keep(range(20), self.layers(20))
        store.keep([*range(30), 99], self.layers(31))
        known, layers = store.longest([*range(30), 7])
        assert known == 30
        assert layers[0][0].shape[2] == 30

    def test_stays_within_its_budget(self):
        store = PrefixStore(16 * 50)
        for start in range(10):
            store.keep([start, *range(20)], self.layers(21))
        assert store.size_bytes <= 16 * 50
        assert store.longest([0, *range(20)])[0] == 0
        assert store.longest([9, *range(20)])[0] == 21


class TestApplication:
    @pytest.fixture
    def client(self, engine):
        from mllm_server.application import create_application

        with TestClient(create_application(engine, ["testserver"])) as client:
            yield client

    def test_answers_whole(self, client, served):
        body = {"model": "caller", "prompt": PROMPTS[0], "max_tokens": 5, "temperature": 0}
        answer = client.post("/v1/completions", json=body).json()
        assert answer["choices"][0]["text"] == alone(served, PROMPTS[0], 5)
        assert answer["usage"]["completion_tokens"] <= 5
        assert answer["usage"]["prompt_tokens"] == len(served.tokenizer(PROMPTS[0])["input_ids"])

    def test_streams(self, client, served):
        body = {"model": "caller", "prompt": PROMPTS[0], "max_tokens": 5, "temperature": 0, "stream": True}
        body["stream_options"] = {"include_usage": True}
        lines = [line for line in client.post("/v1/completions", json=body).text.split("\n\n") if line]
        assert lines.pop() == "data: [DONE]"
        chunks = [json.loads(line.removeprefix("data: ")) for line in lines]
        assert chunks.pop()["usage"]["completion_tokens"] <= 5
        assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == alone(served, PROMPTS[0], 5)
        assert [chunk["choices"][0]["finish_reason"] for chunk in chunks][-1] in ("stop", "length")

    @pytest.mark.parametrize(
        ("body", "status", "words"),
        [
            (b"nonsense", 400, "no JSON"),
            (b"[" * 100_000, 400, "no JSON"),
            (b"5", 400, "no JSON object"),
            ({"model": "other", "prompt": "a"}, 404, "there is no model other; there are planner, caller"),
            ({"model": "caller", "prompt": "word " * 9000}, 400, "takes 1 to 2047"),
            ({"model": "caller", "prompt": "a", "grammar": "root ::= missing"}, 400, "grammar"),
            ({"model": "caller", "prompt": ["a"]}, 400, "prompt: expected a text"),
            ({"model": "caller", "prompt": "a", "temperature": "hot"}, 400, "temperature"),
        ],
    )
    def test_says_what_is_wrong(self, client, body, status, words):
        sent = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = client.post("/v1/completions", **sent)
        assert answer.status_code == status
        assert words in answer.json()["error"]["message"]

    def test_refuses_other_hosts(self, client):
        assert client.get("/health", headers={"host": "evil.example"}).status_code == 400
        assert client.get("/health").json() == {"status": "ok"}
        assert [model["id"] for model in client.get("/v1/models").json()["data"]] == ["planner", "caller"]


def test_orders_with_half_a_character_are_refused():
    with pytest.raises(BadRequest, match="half of a character"):
        read_order({"model": "a", "prompt": "\ud800"})


def test_the_engine_goes_on_after_a_pause(served, engine):
    text_of(engine, PROMPTS[1])
    assert text_of(engine, PROMPTS[1]) == alone(served, PROMPTS[1], 12)
