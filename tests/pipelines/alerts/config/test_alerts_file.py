"""The alerts file: right values are read exactly, wrong ones are all reported with their line."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.alerts.config.alerts_file import (
    AlertRule,
    AlertsFile,
    Receiver,
    ScheduledReport,
    parse_alerts,
    read_alerts,
)
from pipelines.errors import BadAlerts

EXAMPLE = Path(__file__).parents[4] / "alerts.toml.example"
HOOK = '[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = "http://h:1/x"\n'


def problems(text: str) -> list[str]:
    """Return the problems that are reported for a text, one a line."""
    with pytest.raises(BadAlerts) as raised:
        parse_alerts(text)
    return str(raised.value).split("\n")


def test_an_empty_file_watches_nothing() -> None:
    assert parse_alerts("") == AlertsFile()


def test_the_example_is_right_as_it_is_and_with_everything_switched_on() -> None:
    """A person copies it. It shows each kind, and each receiver."""
    assert len(read_alerts(EXAMPLE).rules) == 4
    everything = re.sub(r"(?m)^#(?=[\w\[])", "", EXAMPLE.read_text())
    alerts = parse_alerts(everything.replace('url = "http', '#url = "http', 0))
    assert len({rule.kind for rule in alerts.rules}) == 7
    assert [each.kind for each in alerts.receivers] == ["webhook", "slack", "email"]
    assert alerts.reports == (
        ScheduledReport(
            "weekly", "monday 08:30", Path("reports"), ("market?basis=top50", "our-tier"), 10
        ),
    )


def test_values_are_read_exactly(tmp_path: Path) -> None:
    """Money exactly; a folder begins at the file's own."""
    path = tmp_path / "alerts.toml"
    path.write_text(
        HOOK
        + '[[alert]]\nname = "b"\nkind = "budget_passed"\nusd = 0.1\nper = "day"\n'
        + '[[report]]\nname = "r"\nwhen = "daily 23:59"\nfolder = "out"\n'
    )
    alerts = read_alerts(path)
    assert alerts.rules == (AlertRule("b", "budget_passed", usd=Decimal("0.1"), per="day"),)
    assert alerts.receivers == (Receiver("ops", "webhook", "http://h:1/x"),)
    assert alerts.reports[0].folder == tmp_path / "out"


def test_a_rule_notifies_all_receivers_or_those_that_it_names() -> None:
    text = HOOK + HOOK.replace("ops", "boss")
    rules = '[[alert]]\nname = "a"\nkind = "day_late"\n'
    rules += '[[alert]]\nname = "b"\nkind = "day_late"\nsend_to = ["boss"]\n'
    alerts = parse_alerts(text + rules)
    names = [[each.name for each in alerts.receivers_of(rule)] for rule in alerts.rules]
    assert names == [["ops", "boss"], ["boss"]]


def test_all_problems_are_reported_with_their_lines() -> None:
    text = """[[alert]]
name = "a b"
kind = "target_down"
hours = 5
send_to = ["nobody"]

[[alert]]
name = "c"
kind = "budget_passed"
usd = -1

[[alert]]
name = "c"
kind = "earthquake"
minuets = 5

[[alert]]
name = "d"
kind = "budget_passed"
usd = 1
per = "day"
of = "market"
team = "search"

[[report]]
name = "r"
when = "monday 25:00"
folder = "out"
keep = 0

[smtp]
host = "h"
"""
    found = problems(text)
    assert [line.partition(" ")[0] for line in found] == [
        f"alerts.toml:{number}:" for number in (2, 4, 5, 9, 10, 13, 14, 15, 22, 27, 29, 31)
    ]
    everything = "\n".join(found)
    for part in (
        "hours is no key of alert of kind target_down",
        "'nobody', which is no [[receiver]]",
        "alert of kind budget_passed needs per",
        "whose budget is of tier or of gateway",
        "alert 'c' is there already",
        "minuets is no key of alert; alerts.toml.example shows them all",
        '"monday 08:00", in UTC',
        "smtp is no table of this file",
    ):
        assert part in everything


@pytest.mark.parametrize(
    ("receiver", "words"),
    [
        ('kind = "webhook"', "needs url or url_variable"),
        ('kind = "webhook"\nurl = "http://h:1"\nurl_variable = "OPS_URL"', "and not both"),
        ('kind = "slack"\nurl = "http://h:1"', "needs url_variable"),
        ('kind = "slack"\nurl_variable = "https://hooks/s3cret"', "in capitals"),
        ('kind = "webhook"\nurl = "http://me:s3cret@h:1"', "must not carry a password"),
        (
            'kind = "webhook"\nurl = "http://h"\nheaders = { Authorization = "Bearer s3cret" }',
            "should name the environment variable",
        ),
        ('kind = "email"\nhost = "h"', "needs from"),
        ('kind = "email"\nhost = "h"\nfrom = "a@b"\nto = ["x\\r\\nBcc: y@z"]', "a mail address"),
        (
            'kind = "email"\nhost = "h"\nfrom = "a@b"\nto = ["c@d"]\nuser_variable = "SMTP_USER"',
            "user_variable and password_variable together",
        ),
        (
            'kind = "email"\nhost = "h"\nfrom = "a@b"\nto = ["c@d"]\nsecurity = "none"\n'
            'user_variable = "SMTP_USER"\npassword_variable = "SMTP_PASSWORD"',
            "would send a password unencrypted",
        ),
    ],
)
def test_a_receiver_that_cannot_be_used(receiver: str, words: str) -> None:
    """A secret in the wrong place is refused and not repeated."""
    found = "\n".join(problems(f'[[receiver]]\nname = "ops"\n{receiver}\n'))
    assert words in found
    assert "s3cret" not in found


@pytest.mark.parametrize("key", ["url_variable", "password_variable"])
def test_a_secret_in_place_of_a_variable_is_not_repeated(key: str) -> None:
    found = "\n".join(
        problems(f'[[receiver]]\nname = "o"\nkind = "email"\n{key} = "xoxb-s3cret"\n')
    )
    assert "s3cret" not in found


def test_what_is_no_toml_or_not_there_says_what_to_do(tmp_path: Path) -> None:
    assert "Correct that line first" in problems("[[alert]")[0]
    with pytest.raises(BadAlerts, match=r"Copy alerts\.toml\.example there"):
        read_alerts(tmp_path / "alerts.toml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(BadAlerts, match="UTF-8"):
        read_alerts(tmp_path / "binary")
