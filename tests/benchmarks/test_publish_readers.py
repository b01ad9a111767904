"""publish_readers.py counts reads while generations are published."""

import pytest


@pytest.mark.long
@pytest.mark.slow
def test_readers_never_fail_while_generations_are_published(run) -> None:
    """No read fails or mixes generations; a connection that is kept open stays with its own."""
    report = run("publish_readers.py", "--quick", "--publishes", "7", "--readers", "2")
    for name in ("failed reads", "mixed reads", "strayed connections"):
        assert report[name] == 0
    assert report["generations seen"] > 1
