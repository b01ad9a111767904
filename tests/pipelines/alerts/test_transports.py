"""Transports against real receivers on loopback: what arrives, and what an error says."""

import time

import pytest
from support.alerts.receivers import mail_server, webhook

from pipelines.alerts.config.alerts_file import Receiver, parse_alerts
from pipelines.alerts.notifications import Notification
from pipelines.alerts.transports import DeliveryFailed, DeliveryLimits, transport_of

LIMITS = DeliveryLimits(seconds=5.0, attempts=3, first_pause=0.01)
BODY = {
    "id": "ab12",
    "sender": "tokentide 1.0",
    "created_at": "2026-06-20T12:00:00+00:00",
    "title": "Tokentide: 1 firing",
    "lines": ["FIRING down: <!channel> & a is down"],
    "alerts": [{"event": "firing", "subject": "a"}],
}


def receiver(text: str) -> Receiver:
    return parse_alerts(f'[[receiver]]\nname = "ops"\n{text}').receivers[0]


def send(to: Receiver, limits: DeliveryLimits = LIMITS, **variables: str) -> None:
    transport_of(to, variables, limits)(Notification("ops", BODY))


def hook(url: str) -> Receiver:
    return receiver(f'kind = "webhook"\nurl = "{url}"')


def mail(port: int, more: str = 'security = "none"') -> Receiver:
    return receiver(
        f'kind = "email"\nhost = "127.0.0.1"\nport = {port}\n{more}\n'
        'from = "tide@example.org"\nto = ["a@example.org", "b@example.org"]'
    )


def test_a_webhook_gets_the_whole_notification_with_its_id() -> None:
    with webhook() as found:
        text = f'kind = "webhook"\nurl = "{found.url}"\nheaders = {{ Authorization = "OPS_AUTH" }}'
        send(receiver(text), OPS_AUTH="Bearer x")
    assert found.bodies == [BODY]
    [headers] = found.headers
    assert headers["Idempotency-Key"] == "ab12"
    assert headers["Authorization"] == "Bearer x"
    assert headers["User-Agent"] == "tokentide/1.0"


def test_a_chat_gets_a_text_in_which_nobody_is_mentioned() -> None:
    with webhook() as found:
        send(receiver('kind = "slack"\nurl_variable = "CHAT_URL"'), CHAT_URL=found.url)
    text = "*Tokentide: 1 firing*\nFIRING down: &lt;!channel&gt; &amp; a is down"
    assert found.bodies == [{"text": text}]


def test_a_mail_has_the_id_of_its_notification() -> None:
    """A mail server or a reader may so drop one that comes twice."""
    with mail_server() as found:
        send(mail(found.port))
    [message] = found.mails
    assert message["Subject"] == "Tokentide: 1 firing: FIRING down: <!channel> & a is down"
    assert message["Message-ID"] == "<ab12@tokentide.invalid>"
    assert "a is down" in message.get_content()
    assert len(found.recipients) == 2


def test_a_receiver_that_fails_for_a_moment_is_tried_again_under_the_same_id() -> None:
    with webhook(503, 429) as found:
        send(hook(found.url))
    assert found.ids() == ["ab12"] * 3


@pytest.mark.parametrize(
    ("status", "attempts", "words"),
    [(500, 3, "answered 500"), (404, 1, "check its address"), (302, 1, "no redirect is followed")],
)
def test_an_error_says_what_to_do_and_repeats_no_secret(
    status: int, attempts: int, words: str
) -> None:
    with (
        webhook() as elsewhere,
        webhook(*[status] * 3, location=elsewhere.url) as found,
        pytest.raises(DeliveryFailed, match=words) as caught,
    ):
        send(hook(found.url))
    assert "s3cret" not in str(caught.value)
    assert len(found.bodies) == attempts
    assert elsewhere.bodies == []


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    start = time.monotonic()
    with webhook(delay=1.0) as found, pytest.raises(DeliveryFailed, match=r"within 0\.1 s"):
        send(hook(found.url), DeliveryLimits(0.1, 2, 0.01))
    assert time.monotonic() - start < 4


@pytest.mark.parametrize(
    ("url", "words"),
    [("http://127.0.0.1:1/s3cret", "cannot be reached"), ("s3cret", "is no http"), ("", "not set")],
)
def test_an_address_that_leads_nowhere(url: str, words: str) -> None:
    chat = receiver('kind = "slack"\nurl_variable = "CHAT_URL"')
    with pytest.raises(DeliveryFailed, match=words) as caught:
        send(chat, CHAT_URL=url)
    assert "s3cret" not in str(caught.value)


def test_a_variable_that_is_not_set_is_named() -> None:
    text = 'kind = "webhook"\nurl = "http://127.0.0.1:1"\nheaders = { Authorization = "OPS_AUTH" }'
    with pytest.raises(DeliveryFailed, match="OPS_AUTH"):
        send(receiver(text))


@pytest.mark.parametrize(
    ("reply", "attempts"), [(b"451 later", 3), (b"554 spam", 1)], ids=["later", "never"]
)
def test_a_mail_server_that_refuses(reply: bytes, attempts: int) -> None:
    with mail_server(reply) as found, pytest.raises(DeliveryFailed, match=reply[:3].decode()):
        send(mail(found.port))
    assert found.mails == []
    assert len(found.recipients) == 2 * attempts


def test_a_mail_server_that_trickles_is_cut_off() -> None:
    """Each byte comes in time, and all of them never would."""
    start = time.monotonic()
    with mail_server(pause=0.2) as found, pytest.raises(DeliveryFailed, match="mail server failed"):
        send(mail(found.port), DeliveryLimits(0.5, 1, 0.01))
    assert time.monotonic() - start < 4


def test_a_mail_server_without_encryption_gets_no_mail_that_wants_it() -> None:
    login = 'user_variable = "SMTP_USER"\npassword_variable = "SMTP_PASSWORD"'
    with mail_server() as found, pytest.raises(DeliveryFailed) as caught:
        send(mail(found.port, login), SMTP_USER="me", SMTP_PASSWORD="s3cret")
    assert "s3cret" not in str(caught.value)
    assert found.recipients == []


def test_a_port_where_nobody_listens_is_said() -> None:
    with pytest.raises(DeliveryFailed, match="ConnectionRefusedError"):
        send(mail(1))
