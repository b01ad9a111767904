"""Names of archived pages: every usual way to write an instant is read."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.telemetry.backfill.file_names import FORMS, find_instant

AT = datetime(2026, 8, 22, 7, 10, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    [
        "page_20260822T071016Z.txt",
        "20260822-071016.txt",
        "20260822_071016.txt",
        "vllm_20260822071016.txt",
        "vllm_2026-08-22_07-10-16.txt",
        "vllm-2026-08-22-07-10-16.txt",
        "vllm.2026.08.22.07.10.16.txt",
        "metrics_2026_08_22_07_10_16.txt",
        "2026-08-22T07:10:16Z.txt",
        "2026-08-22 07:10:16.txt",
        "2026-08-22T07-10-16Z-node3.txt",
        "metrics-2026-08-22T09:10:16+02:00.txt",
        "metrics-2026-08-22T09-10-16+0200.txt",
        "metrics-2026-08-22T12-40-16+05-30.txt",
        "metrics-20260822T001016-0700.txt",
        "1787382616.txt",
        "server-1787382616000.txt",
        "server7-8000-2026-08-22T07-10-16.txt",
    ],
)
def test_an_instant_in_a_name_is_read(name: str) -> None:
    assert find_instant(Path("/2020-01-01") / name) == AT


def test_parts_of_a_second_are_kept() -> None:
    at = AT.replace(microsecond=250_000)
    assert find_instant(Path("2026-08-22T07:10:16.250Z.txt")) == at
    assert find_instant(Path("1787382616250.txt")) == at


@pytest.mark.parametrize(
    "name",
    [
        "page.txt",
        "20261399T071016Z.txt",
        "2026-08-22.txt",
        "42.txt",
        "vllm_2026-08-22_25-00-00.txt",
    ],
)
def test_a_name_without_a_whole_instant_has_none(name: str) -> None:
    """A day alone would put all pages of it into one minute."""
    assert find_instant(Path(name)) is None


def test_every_form_that_is_shown_is_read() -> None:
    assert all(find_instant(Path(form.split(" ")[0])) for form in FORMS)
