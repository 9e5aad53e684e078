"""Every test that asks for `subject` runs once for each platform."""

from __future__ import annotations

import pytest

from tests.contract.subjects import SUBJECTS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    named = any("subject" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "subject" in metafunc.fixturenames and not named:
        metafunc.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS.keys())


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A .env of the folder that the tests run in must not decide where adapters call."""
    for kind in {subject.kind.settings for subject in SUBJECTS.values()}:
        monkeypatch.setitem(kind.model_config, "env_file", None)
