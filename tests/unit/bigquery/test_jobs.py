import pytest
from google.cloud.bigquery import LoadJob

from pipeline.bigquery.jobs import _raise_failure
from pipeline.core.errors import Terminal, Transient


def failed(reason):
    return LoadJob.from_api_repr(
        {
            "jobReference": {"projectId": "p", "jobId": "tlc_job", "location": "US"},
            "configuration": {"load": {}},
            "status": {"state": "DONE", "errorResult": {"reason": reason, "message": "told"}},
        },
        client=None,
    )


@pytest.mark.parametrize("reason", ["backendError", "jobInternalError", "quotaExceeded", "stopped"])
def test_a_job_that_the_service_broke_or_somebody_cancelled_may_be_run_again(reason):
    with pytest.raises(Transient, match=r"tlc_job failed; seen: told; next: run the same command"):
        _raise_failure(failed(reason))


@pytest.mark.parametrize("reason", ["invalid", "notFound", "accessDenied"])
def test_a_job_that_was_refused_needs_something_mended(reason):
    with pytest.raises(Terminal, match=r"tlc_job failed; seen: told; next: mend what it names"):
        _raise_failure(failed(reason))
