import errno
import json
from pathlib import Path

import pytest
import torch
from world import job_fields, write_rows

from mllm_trainer.failures import Failure, failure_of
from mllm_trainer.job import read_job
from mllm_trainer.rows import read_profile, read_rows


def write(tmp_path: Path, **changes) -> Path:
    path = tmp_path / "job.json"
    path.write_text(json.dumps(job_fields(tmp_path, tmp_path) | changes))
    return path


def test_a_job_belongs_to_the_folder_of_its_file(tmp_path: Path):
    job = read_job(write(tmp_path, outputDir="/elsewhere"))
    assert (job.folder, job.checkpoints, job.seed) == (tmp_path, tmp_path / "checkpoints", 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": 1}, "colour: unknown key"),
        ({"training": {"learning_rat": 1}}, "training.learning_rat: unknown key"),
        ({"training": {"bf16": 1}}, "training.bf16: expected bool, found 1"),
        ({"training": {"max_steps": True}}, "training.max_steps: expected int, found true"),
        ({"stage": 3}, "stage: expected one of 1, 2, found 3"),
        ({"packing": "forest"}, "packing: expected one of tree, bfd, none"),
        ({"overflow": {"policy": "full", "maxTokens": 0}}, "overflow.maxTokens: expected more than 0"),
        ({"overflow": None}, "overflow: expected an object, found null"),
        ({"parent": {"jobId": None, "id": "a"}}, "parent.hash: missing"),
        (
            {"parent": {"jobId": "j", "id": "a", "hash": None}},
            "parent: expected id and hash, or null for both",
        ),
        ({"method": "lora"}, "lora: expected an object, since method is lora"),
        ({"deadlineSeconds": "1"}, 'deadlineSeconds: expected int, found "1"'),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, changes: dict, words: str):
    with pytest.raises(Failure) as raised:
        read_job(write(tmp_path, **changes))
    assert raised.value.reason == "bad_job" and words in raised.value.message


def test_all_mistakes_are_named_at_once(tmp_path: Path):
    with pytest.raises(Failure, match=r"(?s)subset: expected one of.*jobKey|jobKey.*subset: expected one of"):
        read_job(write(tmp_path, jobKey=None, subset="chief"))


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_what_is_no_job_is_refused(tmp_path: Path, text: str):
    (tmp_path / "job.json").write_text(text)
    with pytest.raises(Failure) as raised:
        read_job(tmp_path / "job.json")
    assert raised.value.reason == "bad_job"


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"id": "a"}',
        '{"id": "a", "segments": []}',
        '{"id": "a", "segments": [{"text": "x"}]}',
        '{"id": "a", "segments": [{"text": "x", "train": 1}]}',
        '{"id": "a", "segments": [{"text": "\\ud800", "train": true}]}',
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path: Path, line: str):
    path = write_rows(tmp_path / "rows.jsonl", [{"id": "a", "segments": [{"text": "x", "train": True}]}])
    path.write_text(path.read_text() + "\n" + line + "\n")
    with pytest.raises(Failure) as raised:
        list(read_rows(path))
    assert raised.value.reason == "bad_data" and f"{path}:3:" in raised.value.message


def test_a_missing_file_a_lfs_pointer_and_a_profile_without_end_are_refused(tmp_path: Path):
    (tmp_path / "pointer").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    (tmp_path / "profile.json").write_text("{}")
    for read, name, words in [
        (read_rows, "none", "cannot be read"),
        (read_rows, "pointer", "git-lfs pointer"),
        (read_profile, "profile.json", "endOfTurn"),
    ]:
        with pytest.raises(Failure, match=words):
            list(read(tmp_path / name))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed"), "disk_full"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), "out_of_memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), "out_of_memory"),
        (MemoryError(), "out_of_memory"),
        (KeyError("x"), "bug"),
    ],
)
def test_other_errors_get_their_reason(error: Exception, reason: str):
    assert failure_of(error).reason == reason


def test_the_cause_of_an_error_counts():
    try:
        try:
            raise OSError(errno.ENOSPC, "full")
        except OSError as error:
            raise RuntimeError("saving failed") from error
    except RuntimeError as error:
        assert failure_of(error).reason == "disk_full"
