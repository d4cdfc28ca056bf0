"""As whom Google is asked: what the token and the services' servers see of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import google.auth
import pytest
from google.auth import impersonated_credentials, jwt
from google.auth.credentials import CredentialsWithRegionalAccessBoundary
from google.auth.transport.requests import Request
from support.google_front import ACCOUNT, GoogleFront
from support.sandbox import RunningSandbox

from pipeline.connections.google import bigquery_client, storage_client
from pipeline.connections.google_identity import SCOPES, credentials_of
from pipeline.connections.kinds import BigQuery, CloudStorage, Google
from pipeline.core.errors import BadRequest, Terminal

AUDIENCE = "https://oauth2.googleapis.com/token"
OTHER = "reader@tlc-test.iam.gserviceaccount.com"

pytestmark = pytest.mark.usefixtures("configured")


@pytest.fixture
def front(sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleFront]:
    # The library asks Google in the background where an account may be used from.
    asks = "_is_regional_access_boundary_lookup_required"
    monkeypatch.setattr(CredentialsWithRegionalAccessBoundary, asks, lambda _: False)
    with GoogleFront(sandbox.url) as running:
        yield running


def test_a_service_accounts_key_is_asked_for_a_token_and_the_service_is_asked_with_it(
    front: GoogleFront, tmp_path: Path
) -> None:
    path, public = front.key(tmp_path)
    told = {"endpoint": front.url, "credentials": f"file:{path}"}
    [*storage_client(CloudStorage(name="lake", **told)).list_buckets()]
    [*bigquery_client(BigQuery(name="warehouse", **told)).list_datasets()]
    claims = jwt.decode(front.assertions[0], certs=public, audience=AUDIENCE)
    assert claims["iss"] == ACCOUNT
    assert claims["scope"] == " ".join(SCOPES)
    asked = [who for what, who in front.asked if not what.startswith("POST /token")]
    assert asked == ["Bearer the-token"] * 2


def test_a_server_at_another_endpoint_is_asked_as_nobody_where_nobody_is_named(
    front: GoogleFront,
) -> None:
    [*storage_client(CloudStorage(name="lake", endpoint=front.url)).list_buckets()]
    assert [who for _, who in front.asked] == [None]


def test_credentials_do_not_cross_a_network_in_the_clear(tmp_path: Path) -> None:
    told = {"endpoint": "http://storage.example.org", "credentials": f"file:{tmp_path}/key.json"}
    with pytest.raises(BadRequest, match=r"\[connection:lake\] endpoint .* in the clear.*https://"):
        storage_client(CloudStorage(name="lake", **told))


def test_to_act_as_another_the_service_accounts_own_token_asks_for_the_others(
    front: GoogleFront, tmp_path: Path
) -> None:
    path, _ = front.key(tmp_path)
    made = credentials_of(Google(name="lake", credentials=f"file:{path}", impersonate=OTHER))
    assert isinstance(made, impersonated_credentials.Credentials)
    assert made.service_account_email == OTHER
    # Google's own address of this service cannot be set: it is put in place of the one it has.
    made._iam_endpoint_override = f"{front.url}/impersonate"
    made.refresh(Request())
    assert front.asked[-1] == ("POST /impersonate", "Bearer the-token")
    assert made.token == "another-token"


def test_application_default_credentials_are_the_source_where_no_key_is_named(
    front: GoogleFront, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = front.key(tmp_path)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    assert credentials_of(Google(name="lake")) is None
    assert google.auth.default()[0].service_account_email == ACCOUNT
    acting = credentials_of(Google(name="lake", impersonate=OTHER))
    assert acting._source_credentials.service_account_email == ACCOUNT


@pytest.mark.parametrize("text", ["{}", "no JSON", "[]", json.dumps({"private_key": "canary"})])
def test_a_key_that_is_none_is_told_by_its_reference_and_not_repeated(
    text: str, tmp_path: Path
) -> None:
    path = tmp_path / "key.json"
    path.write_text(text)
    told = r"\[connection:lake\] credentials refers to no service account's key; seen: file:"
    with pytest.raises(Terminal, match=told) as refused:
        credentials_of(Google(name="lake", credentials=f"file:{path}"))
    assert "canary" not in str(refused.value)
