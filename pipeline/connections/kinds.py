"""The kinds of connection there are, and what each is made of.

Belongs here: names, types and defaults of what a ``[connection:NAME]`` section may say. Not here:
reading the section (``named.py``), connecting, or what is done over a connection: which bucket,
dataset or schema, and how patiently, the sections of those who use it say.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipeline.connections.secrets import is_reference


def _reference(text: str) -> str:
    if not is_reference(text):
        raise ValueError("is to be a reference, not the secret itself")
    return text


def _plain(text: str) -> str:
    """Refuse what libpq would take apart or print: an address with a password in it."""
    if "://" in text or "@" in text or "=" in text:
        raise ValueError("is to be a name, not an address")
    return text


def _address(text: str) -> str:
    if not text.startswith(("http://", "https://")) or "@" in text:
        raise ValueError("is to be an http address without user and password")
    return text.rstrip("/")


Secret = Annotated[str, AfterValidator(_reference)]
"""A reference to a secret: ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``."""

Name = Annotated[str, Field(min_length=1), AfterValidator(_plain)]
Address = Annotated[str, AfterValidator(_address)]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Connection(BaseModel):
    """What every kind has: the name under which the settings know it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str


class Sandbox(Connection):
    """The stand-ins on this machine, for Cloud Storage, BigQuery and Postgres; started when needed.

    ``endpoint`` names one that runs already. ``db`` is the database, made where it is missing.
    """

    kind: Literal["sandbox"] = "sandbox"
    endpoint: Address | None = None
    db: Name = "nyc_tlc"
    timeout: Seconds = 30


class Google(Connection):
    """A Google service: as Application Default Credentials, or as a service account.

    ``credentials`` refers to a service account's key, as JSON. ``impersonate`` is the e-mail of
    one to act as. A server at another ``endpoint`` is asked without credentials. ``timeout`` is
    for one request and all its retries together.
    """

    endpoint: Address | None = None
    credentials: Secret | None = None
    impersonate: str | None = None
    timeout: Seconds = 120


class CloudStorage(Google):
    """Google Cloud Storage."""

    kind: Literal["gcs"] = "gcs"


class BigQuery(Google):
    """Google BigQuery."""

    kind: Literal["bigquery"] = "bigquery"


class Postgres(Connection):
    """A PostgreSQL server. No ``password`` leaves it to libpq: ``PGPASSWORD``, ``~/.pgpass``.

    ``timeout`` is for connecting; 0 is for ever.
    """

    kind: Literal["postgres"] = "postgres"
    host: Name = "localhost"
    port: Port = 5432
    user: Annotated[str, Field(min_length=1)] = "postgres"
    password: Secret | None = None
    db: Name = "nyc_tlc"
    sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = "prefer"
    timeout: Seconds = 10


class Smtp(Connection):
    """A mail server, and between whom it carries messages."""

    kind: Literal["smtp"] = "smtp"
    host: Name
    port: Port = 587
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: Secret | None = None
    sender: str
    recipients: str
    timeout: Seconds = 30


class Webhook(Connection):
    """An address that messages are posted to. Whoever knows it may post: it is a secret."""

    kind: Literal["webhook"] = "webhook"
    url: Secret
    timeout: Seconds = 30


KINDS: dict[str, type[Connection]] = {
    "bigquery": BigQuery,
    "gcs": CloudStorage,
    "postgres": Postgres,
    "sandbox": Sandbox,
    "smtp": Smtp,
    "webhook": Webhook,
}
