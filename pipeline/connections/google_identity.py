"""As whom Google is asked: Application Default Credentials, a service account, or one to act as.

Belongs here: credentials. Not here: which service is asked, and where (``google.py``).
"""

import json
from typing import TYPE_CHECKING, Any, Final

from pipeline.connections.secrets import resolve
from pipeline.core.errors import Terminal

if TYPE_CHECKING:
    from pipeline.connections.kinds import Google

SCOPES: Final = ["https://www.googleapis.com/auth/cloud-platform"]


def has_identity(connection: "Google") -> bool:
    """Return whether the connection says as whom: a server at its endpoint is asked so, too."""
    return bool(connection.credentials or connection.impersonate)


def credentials_of(connection: "Google") -> Any:
    """Return the credentials of a connection; None leaves them to Google's own search.

    Nothing is asked of Google before they are used.

    Raises:
        Terminal: the service account's key cannot be read; it is not repeated.
        google.auth.exceptions.DefaultCredentialsError: there are none to impersonate from.
    """
    own = _from_key(connection) if connection.credentials else None
    return _acting_as(connection.impersonate, own) if connection.impersonate else own


def _from_key(connection: "Google") -> Any:
    from google.oauth2.service_account import Credentials

    where = f"[connection:{connection.name}] credentials"
    try:
        key = json.loads(resolve(str(connection.credentials), where))
        made: Any = Credentials.from_service_account_info(key, scopes=SCOPES)  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, AttributeError):
        # Its message may repeat parts of the key.
        raise Terminal(f"{where} refers to no service account's key", seen=connection.credentials,
                       expected="the JSON file that Google made") from None  # fmt: skip
    return made


def _acting_as(account: str, own: Any) -> Any:
    import google.auth
    from google.auth import impersonated_credentials

    source = own or google.auth.default(scopes=SCOPES)[0]
    return impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]
        source_credentials=source, target_principal=account, target_scopes=SCOPES
    )
