import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast
from world import END, MARKERS, example

from mllm_trainer import tiny
from mllm_trainer.encoding import Encoder
from mllm_trainer.failures import Failure
from mllm_trainer.rows import Row, Segment

TEXTS = [
    "".join(part["text"] for part in example(number)["segments"]).replace(END, "\n") for number in range(40)
]


def row(*segments: tuple[str, bool], id_: str = "r") -> Row:
    return Row(id_, tuple(Segment(text, train) for text, train in segments))


def rows(count: int) -> list[Row]:
    parts = [(part["id"], part["segments"]) for part in map(example, range(count))]
    return [row(*((s["text"], s["train"]) for s in segments), id_=id_) for id_, segments in parts]


def llama2_like(prepend: str) -> PreTrainedTokenizerFast:
    """BPE that writes blanks as ▁, as Llama 2 does. `each`: one more before every stretch of text;
    `first`: only at the start of the text; `joining`: as `each`, but with tokens that reach over blanks."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    tokenizer.decoder = decoders.Metaspace()
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(split=prepend != "joining")
    tokenizer.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=600, special_tokens=special))
    if prepend == "first":
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        tokenizer.pre_tokenizer = None
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return tiny.train_tokenizer(TEXTS, MARKERS.values())


@pytest.mark.parametrize("kind", ["byte-level", "each", "first"])
def test_segments_have_the_tokens_that_the_whole_text_has(kind: str, tokenizer: PreTrainedTokenizerFast):
    chosen = tokenizer if kind == "byte-level" else llama2_like(kind)
    encoder = Encoder(chosen, END)
    encoded = list(encoder.encode(rows(20)))
    encoder.check_whole_rows(rows(20), encoded, seed=0)
    for one, source in zip(encoded, rows(20), strict=True):
        text = "".join(part.text for part in source.segments).replace(END, chosen.eos_token)
        assert one.input_ids.tolist() == chosen(text)["input_ids"]


@pytest.mark.parametrize("kind", ["byte-level", "each", "first"])
def test_trained_tokens_are_exactly_those_of_trained_segments(kind: str, tokenizer: PreTrainedTokenizerFast):
    chosen = tokenizer if kind == "byte-level" else llama2_like(kind)
    source = row(
        ("docs" + END + "planner:", False),
        (" I think." + END, True),
        ("caller:", False),
        (" weather" + END, True),
    )
    [one] = Encoder(chosen, END).encode([source])
    trained = [chosen.decode([i]).strip() for i, yes in zip(one.input_ids, one.trained, strict=True) if yes]
    assert "".join(trained) == "Ithink.</s>weather</s>".replace("</s>", chosen.eos_token)
    # The prompt of a server: all before the text that is to be written, tokenised whole.
    prompt = chosen("docs</s>planner: I think.</s>caller:")["input_ids"]
    assert one.input_ids[: len(prompt)].tolist() == prompt
    assert not one.trained[len(prompt) - 1] and one.trained[len(prompt)]


def test_the_first_token_is_bos_and_untrained(tokenizer: PreTrainedTokenizerFast):
    [one] = Encoder(tokenizer, END).encode([row((" hello" + END, True))])
    assert one.input_ids[0] == tokenizer.bos_token_id and not one.trained[0]
    assert one.input_ids[-1] == tokenizer.eos_token_id and one.trained[-1]


def test_a_tokenizer_that_joins_text_over_a_boundary_is_refused():
    with pytest.raises(Failure) as raised:
        list(Encoder(llama2_like("joining"), END).encode(rows(3)))
    assert raised.value.reason == "tokenizer_boundary"
    assert "Row row-0" in raised.value.message and "'planner:' | ' I need" in raised.value.message
    assert "one blank" in raised.value.hint


def test_a_boundary_within_a_word_is_refused(tokenizer: PreTrainedTokenizerFast):
    with pytest.raises(Failure, match=r"'user: the weath' \| 'er"):
        list(Encoder(tokenizer, END).encode([row(("user: the weath", False), ("er in" + END, True))]))


def test_a_tokenizer_that_sees_the_whole_text_otherwise_is_refused(tokenizer: PreTrainedTokenizerFast):
    class AddsEos:
        def __init__(self, inner: PreTrainedTokenizerFast):
            self.inner = inner

        def __getattr__(self, name: str):
            return getattr(self.inner, name)

        def __call__(self, text, add_special_tokens=True, **options):
            out = self.inner(text, add_special_tokens=add_special_tokens, **options)
            if add_special_tokens:
                out["input_ids"] = out["input_ids"] + [self.inner.eos_token_id]
            return out

    encoder = Encoder(AddsEos(tokenizer), END)
    encoded = list(encoder.encode(rows(3)))
    with pytest.raises(Failure, match="row-0"):
        encoder.check_whole_rows(rows(3), encoded, seed=0)


@pytest.mark.parametrize("text", ["</s>", "a</s>b", "<<s>s>", "<s><s>", "</s</s>"])
def test_data_cannot_forge_a_special_token(text: str, tokenizer: PreTrainedTokenizerFast):
    encoder = Encoder(tokenizer, END)
    [one] = encoder.encode([row(("user: " + text + END + "planner:", False), (" fine" + END, True))])
    assert encoder.forged == len(text) - len(text.replace("<s>", "s>").replace("</s>", "/s>"))
    assert one.input_ids.tolist().count(tokenizer.eos_token_id) == 2
    assert one.input_ids.tolist().count(tokenizer.bos_token_id) == 1


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=30), min_size=1, max_size=4))
def test_any_text_has_the_tokens_that_the_whole_text_has(texts: list[str]):
    tokenizer = _tokenizer()
    segments = [
        (f"user: {text}{END}planner:", False) if i % 2 else (f" {text}{END}", True)
        for i, text in enumerate(texts)
    ]
    source = row(("docs" + END + "planner:", False), *segments)
    encoder = Encoder(tokenizer, END)
    encoder.check_whole_rows([source], list(encoder.encode([source])), seed=0)


def _tokenizer(cache: list = []) -> PreTrainedTokenizerFast:  # noqa: B006 - one for all examples
    cache or cache.append(tiny.train_tokenizer(TEXTS, MARKERS.values()))
    return cache[0]


def test_a_tokenizer_without_eos_is_refused(tokenizer: PreTrainedTokenizerFast):
    bare = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer)
    with pytest.raises(Failure, match="end-of-sequence"):
        Encoder(bare, END)
