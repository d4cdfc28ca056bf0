"""What a connection may do is told as it is, by real servers, and nothing of the asking stays."""

import dataclasses
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.google_front import GoogleFront
from support.mail_server import HOST, certificate, mail_server
from support.postgres import PostgresUnderTest
from support.sandbox import RunningSandbox

from pipeline.connections.checks import answers
from pipeline.connections.google import bigquery_client, storage_client
from pipeline.connections.kinds import BigQuery, CloudStorage, Connection, Postgres, Smtp, Webhook
from pipeline.connections.postgres import Database
from pipeline.core import settings

CANARY = "canary-5up3r-s3cret"
QUICK = 5


def told(connection: Connection) -> dict[str, tuple[bool, str]]:
    """What was asked, whether it may be, and why."""
    given = [*answers(connection)]
    assert all("\n" not in answer.reason and CANARY not in answer.reason for answer in given)
    return {answer.what: (answer.may, answer.reason) for answer in given}


def refusals(connection: Connection) -> dict[str, str]:
    return {what: reason for what, (may, reason) in told(connection).items() if not may}


@pytest.fixture
def front(sandbox: RunningSandbox, configured: Path) -> Iterator[GoogleFront]:
    with GoogleFront(sandbox.url) as running:
        yield running


class TestStorage:
    OBJECTS = ["list objects", "write an object", "read an object", "delete an object"]

    @pytest.fixture
    def lake(self, front: GoogleFront) -> CloudStorage:
        return CloudStorage(name="lake", endpoint=front.url, timeout=QUICK)

    @pytest.fixture
    def bucket(self, lake: CloudStorage) -> Any:
        return storage_client(lake).create_bucket(settings.lake().bucket)

    def test_what_a_load_needs_of_the_bucket_is_done_and_undone(
        self, lake: CloudStorage, bucket: Any
    ) -> None:
        found = told(lake)
        assert [*found] == self.OBJECTS
        assert all(may for may, _ in found.values())
        assert [*bucket.list_blobs()] == []

    def test_a_bucket_that_the_first_load_creates_is_stood_in_for(self, lake: CloudStorage) -> None:
        before = {found.name for found in storage_client(lake).list_buckets()}
        found = told(lake)
        assert [*found] == ["list objects", "create a bucket", *self.OBJECTS[1:], "delete a bucket"]
        assert all(may for may, _ in found.values())
        assert {found.name for found in storage_client(lake).list_buckets()} == before

    def test_a_missing_bucket_that_no_load_creates_is_told(
        self, lake: CloudStorage, setting: Callable[..., None]
    ) -> None:
        setting("lake", create_bucket="false")
        ((what, reason),) = refusals(lake).items()
        assert what == "list objects"
        assert f"there is no bucket gs://{settings.lake().bucket}; next: create it" in reason

    @pytest.mark.parametrize(
        ("refused", "what", "asked"),
        [
            ("GET /storage/v1/b/[^/]+/o\\?", "list objects", 1),
            ("POST /upload", "write an object", 2),
            ("GET /download", "read an object", 4),
            ("DELETE", "delete an object", 4),
        ],
    )
    def test_what_is_not_permitted_is_told_with_the_services_words(
        self, front: GoogleFront, lake: CloudStorage, bucket: Any, refused: str, what: str,
        asked: int,
    ) -> None:  # fmt: skip
        front.refused.append(refused)
        found = told(lake)
        assert [what for what, (may, _) in found.items() if not may] == [what]
        assert len(found) == asked
        assert "the account lacks the permission" in found[what][1]
        assert "next: if a right is missing, grant it" in found[what][1]


class TestBigQuery:
    TABLES = ["create a table", "load a table", "read a table", "delete a table"]

    @pytest.fixture
    def warehouse(self, front: GoogleFront) -> BigQuery:
        return BigQuery(name="warehouse", endpoint=front.url, timeout=QUICK)

    def test_what_a_load_needs_of_the_project_is_done_and_undone(self, warehouse: BigQuery) -> None:
        client = bigquery_client(warehouse)
        found = told(warehouse)
        assert [*found] == ["run a job", "read the dataset", "create a dataset", *self.TABLES,
                            "delete a dataset"]  # fmt: skip
        assert all(may for may, _ in found.values())
        assert [*client.list_datasets()] == []
        client.create_dataset(settings.bigquery().dataset)
        assert [*told(warehouse)] == ["run a job", "read the dataset", *self.TABLES]
        assert [*client.list_tables(settings.bigquery().dataset)] == []

    @pytest.mark.parametrize(
        ("refused", "what"),
        [
            ("POST .*/queries", ["run a job"]),
            ("POST .*/tables", ["create a table"]),
            ("POST /.*upload.*/jobs", ["load a table"]),
            ("GET .*/tables/[^/]+/data", ["read a table"]),
            ("GET .*/datasets/[^/]+$", ["read the dataset"]),
            ("DELETE", ["delete a table", "delete a dataset"]),
        ],
    )
    def test_what_is_not_permitted_is_told_with_the_services_words(
        self, front: GoogleFront, warehouse: BigQuery, refused: str, what: list[str]
    ) -> None:
        front.refused.append(refused)
        found = refusals(warehouse)
        assert [*found] == what
        assert all("lacks the permission; next: if a right" in said for said in found.values())


class TestPostgres:
    def connection(self, database: Database) -> Postgres:
        return Postgres.model_validate({**vars(database), "name": "mine", "timeout": QUICK})

    def test_a_table_is_made_and_filled_and_none_stays(self, postgres: PostgresUnderTest) -> None:
        found = told(self.connection(postgres.database))
        assert [*found] == ["connect", "write", "create a table", "fill and read a table"]
        assert all(may for may, _ in found.values())
        assert "PostgreSQL" in found["connect"][1]
        left = "SELECT count(*) FROM pg_class WHERE relname ~ 'connection_test'"
        assert postgres.query(left) == [(0,)]

    def test_a_session_in_the_clear_is_told_of_but_for_one_on_this_machine(
        self, postgres: PostgresUnderTest
    ) -> None:
        if postgres.database.host != "127.0.0.1":
            pytest.skip("the server is another's")
        # The same address, in a form that is not known to be this machine's.
        elsewhere = dataclasses.replace(postgres.database, host="127.1", sslmode="disable")
        may, reason = told(self.connection(elsewhere))["encrypt"]
        assert (may, reason) == (False, "sslmode = disable does not ask for it")
        assert "encrypt" not in told(self.connection(postgres.database))

    def test_a_role_that_may_only_log_in_is_told_what_it_lacks(
        self, postgres: PostgresUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SECRET", CANARY)
        with postgres.role(CANARY) as role:
            connection = self.connection(role).model_copy(update={"password": "env:SECRET"})
            found = refusals(connection)
            assert [*found] == ["create a table"]
            said = "permission denied for schema public; next: grant the user of [connection:mine]"
            assert said in found["create a table"]
            postgres.query(f"ALTER ROLE {role.user} SET default_transaction_read_only = on")
            found = refusals(connection)
            assert [*found] == ["write"]
            assert "read-only; seen: default_transaction_read_only" in found["write"]

    def test_a_wrong_password_ends_the_asking_and_is_not_told(
        self, postgres: PostgresUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WRONG", CANARY)
        with postgres.role("another") as role:
            connection = self.connection(role).model_copy(update={"password": "env:WRONG"})
            ((what, reason),) = refusals(connection).items()
        assert what == "connect"
        assert "authentication failed" in reason
        assert "correct user in [connection:mine]" in reason


class TestMail:
    @pytest.fixture(autouse=True)
    def password(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MAIL_PASSWORD", CANARY)

    @pytest.fixture
    def trusted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate(tmp_path)))
        return tmp_path

    def connection(self, port: int, encryption: str, **more: str | None) -> Smtp:
        given = {"user": "loader", "password": "env:MAIL_PASSWORD", **more}
        return Smtp.model_validate(
            {"name": "mail", "host": HOST, "port": port, "encryption": encryption,
             "sender": "a@example.org", "recipients": "b@example.org", "timeout": QUICK, **given}
        )  # fmt: skip

    @pytest.mark.parametrize("encryption", ["starttls", "tls", "none"])
    def test_the_login_is_tried_and_no_mail_sent(self, trusted: Path, encryption: str) -> None:
        with mail_server(trusted, "loader", CANARY, encryption) as server:
            found = told(self.connection(server.port, encryption))
            assert [*found] == ["connect", "encrypt", "log in"]
            refused = [] if encryption != "none" else ["encrypt"]
            assert [what for what, (may, _) in found.items() if not may] == refused
            assert "as loader; no mail was sent" in found["log in"][1]
            assert server.mails == []

    def test_a_wrong_password_is_told_and_not_repeated(self, trusted: Path) -> None:
        with mail_server(trusted, "loader", "another") as server:
            ((what, reason),) = refusals(self.connection(server.port, "starttls")).items()
        assert what == "log in"
        assert "refused the login of loader; seen: 535" in reason
        assert "next: correct user in [connection:mail]" in reason

    def test_a_password_goes_to_nobody_whose_certificate_is_not_trusted(
        self, tmp_path: Path
    ) -> None:
        with mail_server(tmp_path, "loader", CANARY) as server:
            ((what, reason),) = refusals(self.connection(server.port, "starttls")).items()
        assert what == "encrypt"
        assert "certificate verify failed" in reason

    def test_a_server_without_encryption_is_told_the_password_by_nobody(
        self, tmp_path: Path
    ) -> None:
        with mail_server(tmp_path, "loader", CANARY, "none") as server:
            ((what, reason),) = refusals(self.connection(server.port, "starttls")).items()
        assert what == "encrypt"
        assert "STARTTLS extension not supported" in reason

    def test_a_server_that_is_down_is_told(self) -> None:
        ((what, reason),) = refusals(self.connection(closed_port(), "starttls")).items()
        assert what == "connect"
        assert "Connection refused; next: correct host and port in [connection:mail]" in reason

    def test_who_has_no_user_does_not_log_in(self, trusted: Path) -> None:
        with mail_server(trusted, "loader", CANARY) as server:
            found = told(self.connection(server.port, "starttls", user=None))
        assert found["log in"] == (True, "not asked for: the connection has no user; no mail was "
                                   "sent")  # fmt: skip


class TestWebhook:
    @pytest.fixture
    def webhook(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Webhook]:
        def made(url: str) -> Webhook:
            monkeypatch.setenv("HOOK", url)
            return Webhook(name="chat", url="env:HOOK", timeout=QUICK)

        return made

    def test_its_host_is_reached_and_nothing_posted(
        self, webhook: Callable[[str], Webhook]
    ) -> None:
        with GoogleFront() as front:
            found = told(webhook(f"{front.url}/{CANARY}"))
            assert front.asked == []
        assert found["read the address"] == (True, "env:HOOK")
        assert found["reach the host"] == (True, f"{front.url[7:]}; nothing was posted")

    def test_a_host_that_is_down_is_told_without_the_address(
        self, webhook: Callable[[str], Webhook]
    ) -> None:
        url = f"https://127.0.0.1:{closed_port()}/{CANARY}"
        ((what, reason),) = refusals(webhook(url)).items()
        assert what == "reach the host"
        assert "cannot be reached; seen: [Errno 111] Connection refused" in reason

    @pytest.mark.parametrize(
        "url",
        [
            CANARY,
            f"ftp://{CANARY}",
            f"http:///{CANARY}",
            f"http://h:{CANARY}/",
            f"http://[{CANARY}",
        ],
    )
    def test_what_is_no_address_is_told_by_its_reference(
        self, webhook: Callable[[str], Webhook], url: str
    ) -> None:
        ((what, reason),) = refusals(webhook(url)).items()
        assert what == "read the address"
        assert "[connection:chat] url refers to no address; seen: env:HOOK" in reason


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
