import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from world import attempt, events_of, write_data, write_job, write_step_data


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def step_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_step_data(tmp_path_factory.mktemp("steps"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """The job.json of a job that ran to its end without interruption."""
    job = write_job(tmp_path_factory.mktemp("job"), data)
    assert attempt(job) == 0, (job.parent / "trainer.log").read_text()
    assert events_of(job, "done")
    return job
