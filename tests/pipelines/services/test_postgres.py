"""Sessions with Postgres: their errors name the server and hide the password."""

from dataclasses import replace

import pytest

from pipelines.errors import ServiceFailed
from pipelines.services.postgres import connect, reported
from pipelines.settings import Settings


def test_a_session_reports_its_errors_without_the_password(lake_settings: Settings) -> None:
    assert lake_settings.services.lake
    address = lake_settings.services.lake.catalog
    with (
        connect(address) as session,
        pytest.raises(ServiceFailed, match=r"postgresql://lake@127\.0\.0\.1:\d+/lake\d+ failed"),
        reported(address),
    ):
        session.execute("select no_such_column")
    wrong = replace(address, password="the-wrong-password")
    with pytest.raises(ServiceFailed, match="tokentide doctor") as caught:
        connect(wrong)
    assert "the-wrong-password" not in str(caught.value)
