"""Missing requirements fail in CI and skip elsewhere."""

from pathlib import Path

import pytest
from support.rules.requirements import require, require_file


def test_what_is_there_is_returned() -> None:
    assert require("/usr/bin/chromium", "no Chromium", {"CI": "true"}) == "/usr/bin/chromium"


@pytest.mark.parametrize("value", ["true", "True"])
def test_a_missing_requirement_fails_in_ci(value: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="no Chromium"):
        require(None, "no Chromium", {"CI": value})


@pytest.mark.parametrize("env", [{}, {"CI": "false"}, {"CI": ""}])
def test_a_missing_requirement_skips_elsewhere_and_says_so(env: dict[str, str]) -> None:
    with pytest.raises(pytest.skip.Exception, match="no Chromium"):
        require(None, "no Chromium", env)


def test_a_file_that_exists_is_returned(tmp_path: Path) -> None:
    assert require_file(tmp_path, "the folder") == tmp_path
