"""A message goes through a connection, by a real server; or why not is told, and no secret."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hook_server import HookServer, hook_server
from support.mail_server import HOST, certificate, mail_server
from support.workspace import free_port

from pipeline.connections.checks import answers
from pipeline.connections.kinds import Apprise, Smtp, Webhook
from pipeline.connections.messages import Carrier, send
from pipeline.core.errors import PipelineError, Terminal, Transient

CANARY = "canary-5up3r"
PATIENT, QUICK = 20, 0.3


@pytest.fixture(autouse=True)
def nothing_is_logged() -> Iterator[None]:
    """Not by pytest's own handler, which also hears those who tell nobody."""
    root, told = logging.getLogger(), list[logging.LogRecord]()
    handler, before = logging.Handler(), root.level
    handler.emit = told.append  # type: ignore[method-assign]
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield
    root.removeHandler(handler)
    root.setLevel(before)
    assert not [record.getMessage() for record in told if CANARY in record.getMessage()]
    assert not [record for record in told if record.name.startswith("apprise")]


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with hook_server() as running:
        yield running


@pytest.fixture
def leading_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    def leading(url: str, kind: type[Apprise] | type[Webhook] = Apprise, timeout: float = PATIENT):
        monkeypatch.setenv("ADDRESS", url)
        return kind(name="there", url="env:ADDRESS", timeout=timeout)

    yield leading


def refusal(connection: Carrier, kind: type[PipelineError] = Transient) -> str:
    with pytest.raises(kind) as refused:
        send(connection, "title", "body")
    told = str(refused.value)
    assert "\n" not in told and CANARY not in told
    return told


def test_a_message_goes_to_whatever_service_the_address_names(hook: HookServer, leading_to) -> None:
    assert send(leading_to(f"json://{hook.place}/{CANARY}"), "title", "one\ntwo") == "JSON"
    assert hook.told == [("title", "one\ntwo")]
    assert hook.posts[0][0] == f"/{CANARY}"


def test_a_webhooks_address_is_posted_to_as_it_is(hook: HookServer, leading_to) -> None:
    send(leading_to(f"http://{hook.place}/in/{CANARY}?token=a%20b&n=1", Webhook), "title", "body")
    ((path, post),) = hook.posts
    assert path == f"/in/{CANARY}?token=a+b&n=1"
    assert (post["title"], post["message"]) == ("title", "body")


def test_a_known_services_own_address_becomes_that_service(leading_to) -> None:
    hook = leading_to(
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    )
    ((_, _, reason, _),) = [tuple(vars(answer).values()) for answer in answers(hook)]
    assert reason == "Slack; nothing was sent"


@pytest.mark.parametrize("encryption", ["starttls", "tls", "none"])
def test_a_mail_server_is_sent_a_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encryption: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate(tmp_path)))
    monkeypatch.setenv("PASSWORD", f"{CANARY}/%41@:")
    with mail_server(tmp_path, "loader", f"{CANARY}/%41@:", encryption) as server:
        login = {"user": "loader", "password": "env:PASSWORD"} if encryption != "none" else {}
        connection = mail(server.port, encryption=encryption, **login)
        assert send(connection, "three months", "one\ntwo") == "E-Mail"
        (envelope,) = server.mails
        assert envelope.mail_from == "tlc@example.org"
        assert envelope.rcpt_tos == ["a@example.org"]
        assert b"Subject: three months" in envelope.content
        if login:
            monkeypatch.setenv("PASSWORD", f"{CANARY}-wrong")
            told = refusal(connection)
            assert "next: tlc connections test there" in told


def mail(port: int, **keys: str) -> Smtp:
    told = {"name": "there", "host": HOST, "port": port, "sender": "tlc@example.org",
            "recipients": "a@example.org", "timeout": PATIENT, **keys}  # fmt: skip
    return Smtp.model_validate(told)


@pytest.mark.parametrize("code", [403, 500])
def test_a_refusal_is_told_with_its_code(hook: HookServer, leading_to, code: int) -> None:
    hook.code = code
    told = refusal(leading_to(f"json://user:{CANARY}@{hook.place}/{CANARY}?-k={CANARY}"))
    assert told.startswith("no message went through there; seen: Failed to send JSON")
    assert f"error={code}" in told


def test_who_does_not_listen_is_told(leading_to) -> None:
    told = refusal(leading_to(f"http://127.0.0.1:{free_port()}/{CANARY}", Webhook))
    assert "A Connection error occurred" in told


def test_who_never_answers_is_not_waited_for_for_ever(hook: HookServer, leading_to) -> None:
    hook.code = None
    assert "there; seen: " in refusal(leading_to(f"json://{hook.place}", timeout=QUICK))


@pytest.mark.parametrize("kind", [Apprise, Webhook])
@pytest.mark.parametrize("url", [f"nowhere://{CANARY}", CANARY, f"http://[{CANARY}/", "json://"])
def test_what_is_no_address_is_refused_without_repeating_it(leading_to, kind, url: str) -> None:
    told = refusal(leading_to(url, kind), Terminal)
    assert "[connection:there] leads to no service that takes messages" in told


def test_a_reference_that_leads_nowhere_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusal(Apprise(name="there", url="env:NOT_THERE"), Terminal)
    assert "[connection:there] url refers to nothing; seen: env:NOT_THERE" in told
