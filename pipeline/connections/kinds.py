"""The kinds of connection there are, and what each is made of.

Belongs here: names, types, defaults and meanings of what a ``[connection:NAME]`` section may say,
which ``docs/settings.md`` is made of. Not here: reading the section (``named.py``), connecting, or
what is done over a connection: which bucket, dataset or schema, and how patiently, the sections of
those who use it say.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipeline.core.references import is_reference


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
SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Patience = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""Seconds, of what would otherwise be waited for for ever."""


class Connection(BaseModel):
    """What every kind has: the name under which the settings know it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str


class Sandbox(Connection):
    """The stand-ins on this machine for Cloud Storage, BigQuery, Postgres; started when needed."""

    kind: Literal["sandbox"] = "sandbox"
    endpoint: Address | None = Field(None, description="the address of one that runs already")
    db: Name = Field("nyc_tlc", description="the database in its PostgreSQL, made where missing")
    timeout: Seconds = Field(30, description="seconds for one request and all its retries")


class Google(Connection):
    """A Google service: as Application Default Credentials, or as a service account."""

    endpoint: Address | None = Field(
        None,
        description="an http address instead of Google's; asked without credentials, unless "
        "`credentials` or `impersonate` are given",
    )
    credentials: Secret | None = Field(
        None,
        description="a reference to a service account's key, as JSON; none: Application Default "
        "Credentials",
    )
    impersonate: str | None = Field(
        None, description="the e-mail of a service account to act as; no key is needed for it"
    )
    timeout: Seconds = Field(120, description="seconds for one request and all its retries")


class CloudStorage(Google):
    """Google Cloud Storage, for the lake."""

    kind: Literal["gcs"] = "gcs"


class BigQuery(Google):
    """Google BigQuery, for the warehouse."""

    kind: Literal["bigquery"] = "bigquery"


class Postgres(Connection):
    """A PostgreSQL server."""

    kind: Literal["postgres"] = "postgres"
    host: Name = Field("localhost", description="the server's name, or the folder of its socket")
    port: Port = Field(5432, description="its port")
    user: Annotated[str, Field(min_length=1)] = Field("postgres", description="the role")
    password: Secret | None = Field(
        None, description="a reference to its password; none: `PGPASSWORD`, then `~/.pgpass`"
    )
    db: Name = Field("nyc_tlc", description="the database, which is there")
    sslmode: SslMode = Field(
        "prefer",
        description="`disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`, as "
        "libpq has them; over a network the last",
    )
    timeout: Seconds = Field(10, description="seconds to connect; 0: for ever")


class Smtp(Connection):
    """A mail server, and between whom it carries messages."""

    kind: Literal["smtp"] = "smtp"
    host: Name = Field(description="the server's name, which its certificate has, too")
    port: Port = Field(587, description="its port; 465 is usual for `tls`")
    encryption: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="`starttls`: before anything is said; `tls`: from the first byte; `none`",
    )
    user: str | None = Field(None, description="as whom to log in; none: not at all")
    password: Secret | None = Field(None, description="a reference to the user's password")
    sender: str = Field(description="from whom a message is")
    recipients: str = Field(description="to whom it goes, with commas between")
    timeout: Patience = Field(30, description="seconds to wait for an answer")


class Webhook(Connection):
    """An address that messages are posted to. Whoever knows it may post: it is a secret."""

    kind: Literal["webhook"] = "webhook"
    url: Secret = Field(description="a reference to the address")
    timeout: Patience = Field(30, description="seconds to wait for an answer")


class Apprise(Connection):
    """An address of one of the services that Apprise knows: Slack, Teams, Telegram and others."""

    kind: Literal["apprise"] = "apprise"
    url: Secret = Field(description="a reference to the address, as Apprise writes it")
    timeout: Patience = Field(30, description="seconds to wait for an answer")


KINDS: dict[str, type[Connection]] = {
    "apprise": Apprise,
    "bigquery": BigQuery,
    "gcs": CloudStorage,
    "postgres": Postgres,
    "sandbox": Sandbox,
    "smtp": Smtp,
    "webhook": Webhook,
}
