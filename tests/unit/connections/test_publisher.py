import pytest

from pipeline.connections.publisher import publisher_base_url
from pipeline.core.errors import BadRequest

CANARY = "canary-5up3r-s3cret"


@pytest.mark.parametrize("scheme", ["https", "ftp"])
def test_an_address_with_a_password_is_refused_and_not_repeated(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLC_BASE_URL", f"{scheme}://u:{CANARY}@mirror.example.org/trip-data")
    with pytest.raises(BadRequest, match="holds a user or password") as refused:
        publisher_base_url()
    assert CANARY not in str(refused.value)


def test_an_address_is_taken_without_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLC_BASE_URL", "https://mirror.example.org/trip-data/")
    assert publisher_base_url() == "https://mirror.example.org/trip-data"
