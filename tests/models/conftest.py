"""A small model, trained once: enough to be asked, not to be right."""

from pathlib import Path

import pytest

from samarkand.models.request import Request
from samarkand.train import train

REPOSITORY = Path(__file__).parents[2]
#: So little training that it takes seconds.
SHORT = {
    "training.max_steps": 60,
    "training.eval_frequency": 60,
    "training.optimizer.use_averages": False,
}


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("model") / "ner"
    train(Request("ner", REPOSITORY, options=SHORT), out)
    return out
