import luigi
import pytest

from pipeline.core import settings
from pipeline.core.errors import BadRequest


@pytest.mark.parametrize(
    ("section", "key", "value", "told"),
    [
        ("lake", "bucket", "", r"section \[lake\] cannot be read; seen: bucket is empty"),
        ("bigquery", "project", "${NOBODY_SET_THIS}", r"section \[bigquery\].*NOBODY_SET_THIS"),
        ("source", "timeout", "soon", r"section \[source\].*soon"),
    ],
    ids=["empty", "unset_variable", "no_number"],
)
def test_a_setting_that_cannot_be_read_is_one_line(section, key, value, told):
    config = luigi.configuration.get_config()
    config.has_section(section) or config.add_section(section)
    before = config.get(section, key, None)
    config.set(section, key, value)
    try:
        with pytest.raises(BadRequest, match=told):
            getattr(settings, section)()
    finally:
        config.remove_option(section, key) if before is None else config.set(section, key, before)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sandbox", True),
        ("http://127.0.0.1:8484/trip-data", True),
        ("http://localhost/trip-data", True),
        ("https://d37ci6vzurychx.cloudfront.net/trip-data", False),
        ("http://10.0.0.1/trip-data", False),
    ],
)
def test_samples_come_from_this_machine_only(url, expected):
    assert settings.is_loopback(url) is expected
