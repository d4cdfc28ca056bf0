"""What the sandbox refuses, and the resumable protocol as it is on the wire."""

import base64
import uuid
from typing import Any

import google_crc32c
import pytest
import requests
from support.sandbox import PROJECT, RunningSandbox

CHUNK = 256 * 1024


@pytest.fixture(scope="session")
def bucket(sandbox: RunningSandbox) -> str:
    name = f"requests-{uuid.uuid4().hex}"
    url = f"{sandbox.url}/storage/v1/b?project={PROJECT}"
    requests.post(url, json={"name": name}, timeout=30).raise_for_status()
    return name


@pytest.fixture
def name() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def session(sandbox: RunningSandbox, bucket: str, name: str) -> str:
    """The address of a resumable upload of ``name``."""
    url = f"{sandbox.url}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&name={name}"
    return requests.post(url, timeout=30).headers["Location"]


def call(sandbox: RunningSandbox, method: str, path: str, **options: Any) -> requests.Response:
    return requests.request(method, f"{sandbox.url}{path}", timeout=30, **options)


def send(session: str, content_range: str, content: bytes = b"", **headers: str) -> Any:
    headers = {"Content-Range": f"bytes {content_range}", **headers}
    return requests.put(session, data=content, headers=headers, timeout=30)


def crc32c(content: bytes) -> str:
    return base64.b64encode(google_crc32c.Checksum(content).digest()).decode()


# Outside the slice


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("GET", "/storage/v1/b/{b}?userProject=p", "userProject"),
        ("GET", "/storage/v1/b/{b}/o?matchGlob=**", "matchGlob"),
        ("GET", "/storage/v1/b/{b}/o?softDeleted=true", "softDeleted"),
        ("GET", "/storage/v1/b/{b}/o/x?softDeleted=true", "softDeleted"),
        ("GET", "/storage/v1/b/{b}/acl", "/acl"),
        ("GET", "/storage/v1/b/{b}/iam", "/iam"),
        ("POST", "/storage/v1/b/{b}/notificationConfigs", "notificationConfigs"),
        ("POST", "/storage/v1/b/{b}/o/x/compose", "compose"),
        ("POST", "/storage/v1/b/{b}/o/x/copyTo/b/{b}/o/y?destinationKmsKeyName=k", "KmsKey"),
        ("PUT", "/storage/v1/b/{b}/o/x", "PUT"),
        ("PUT", "/storage/v1/b/{b}", "PUT"),
        ("GET", "/storage/v1/projects/p/hmacKeys", "hmacKeys"),
        ("POST", "/upload/storage/v1/b/{b}/o?uploadType=media&name=x", "uploadType=media"),
        ("POST", "/upload/storage/v1/b/{b}/o?uploadType=resumable&kmsKeyName=k", "kmsKeyName"),
        ("POST", "/upload/storage/v1/b/{b}/o?uploadType=multipart&predefinedAcl=x", "predefined"),
        ("POST", "/batch/storage/v1", "/batch"),
    ],
)
def test_what_is_outside_the_slice_is_refused_by_name(
    sandbox: RunningSandbox, bucket: str, method: str, path: str, named: str
) -> None:
    answer = call(sandbox, method, path.replace("{b}", bucket))
    error = answer.json()["error"]
    assert (answer.status_code, error["errors"][0]["reason"]) == (501, "notImplemented")
    assert named in error["message"]


@pytest.mark.parametrize("setting", ["acl", "lifecycle", "retentionPolicy", "encryption"])
def test_a_bucket_setting_outside_the_slice_is_refused(
    sandbox: RunningSandbox, setting: str
) -> None:
    body = {"name": f"never-{uuid.uuid4().hex}", setting: {}}
    answer = call(sandbox, "POST", f"/storage/v1/b?project={PROJECT}", json=body)
    assert answer.status_code == 501
    assert setting in answer.json()["error"]["message"]
    assert call(sandbox, "GET", f"/storage/v1/b/{body['name']}").status_code == 404


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match", "X-Goog-Encryption-Algorithm"])
def test_a_header_outside_the_slice_is_refused(
    sandbox: RunningSandbox, bucket: str, header: str
) -> None:
    answer = call(sandbox, "GET", f"/storage/v1/b/{bucket}", headers={header: "x"})
    assert answer.status_code == 501
    assert header in answer.json()["error"]["message"]


# Invalid requests


@pytest.mark.parametrize("bad", ["ab", "A-b", "-ab", "a..b", "goog-x", "a/b", "x" * 64, "", None])
def test_a_bucket_with_an_invalid_name_is_refused(sandbox: RunningSandbox, bad: str | None) -> None:
    answer = call(sandbox, "POST", f"/storage/v1/b?project={PROJECT}", json={"name": bad})
    assert answer.status_code == 400


def test_a_bucket_needs_a_project(sandbox: RunningSandbox) -> None:
    answer = call(sandbox, "POST", "/storage/v1/b", json={"name": "without-project"})
    assert answer.json()["error"]["message"] == "Required parameter: project"


@pytest.mark.parametrize("bad", ["", ".", "..", "x" * 1025, "a\nb"])
def test_an_object_with_an_invalid_name_is_refused(
    sandbox: RunningSandbox, bucket: str, bad: str
) -> None:
    path = f"/upload/storage/v1/b/{bucket}/o?uploadType=resumable"
    assert call(sandbox, "POST", path, json={"name": bad}).status_code == 400


@pytest.mark.parametrize(
    "properties", [{"metadata": {"a": "\ud800"}}, {"metadata": []}, {"contentType": 1}]
)
def test_a_property_of_the_wrong_kind_is_refused(
    sandbox: RunningSandbox, bucket: str, properties: dict[str, Any]
) -> None:
    path = f"/upload/storage/v1/b/{bucket}/o?uploadType=resumable&name=x"
    assert call(sandbox, "POST", path, json=properties).status_code == 400


def test_versioning_that_is_no_object_is_refused(sandbox: RunningSandbox, bucket: str) -> None:
    path = f"/storage/v1/b/{bucket}"
    assert call(sandbox, "PATCH", path, json={"versioning": "on"}).status_code == 400


def test_a_generation_beyond_any_is_refused(sandbox: RunningSandbox, bucket: str) -> None:
    path = f"/storage/v1/b/{bucket}/o/x?generation={10**30}"
    assert call(sandbox, "GET", path).status_code == 400


def test_json_nested_beyond_reason_is_refused(sandbox: RunningSandbox) -> None:
    path = f"/storage/v1/b?project={PROJECT}"
    assert call(sandbox, "POST", path, data=b"[" * 5000).status_code == 400


@pytest.mark.parametrize("query", ["maxResults=x", "maxResults=0", "pageToken=x", "pageToken=W10="])
def test_a_malformed_listing_is_refused(sandbox: RunningSandbox, bucket: str, query: str) -> None:
    assert call(sandbox, "GET", f"/storage/v1/b/{bucket}/o?{query}").status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary",
        b"--b\r\n\r\n{}\r\n--b\r\n\r\ncut short",
        b'--b\r\n\r\n{"name": \r\n--b\r\n\r\nx\r\n--b--',
        b"--b\r\n\r\n[]\r\n--b\r\n\r\nx\r\n--b--",
        b"--b\r\n\r\n{}\r\n--b\r\n\r\nx\r\n--b--",
    ],
)
def test_a_malformed_multipart_body_is_refused(
    sandbox: RunningSandbox, bucket: str, body: bytes
) -> None:
    answer = call(
        sandbox,
        "POST",
        f"/upload/storage/v1/b/{bucket}/o?uploadType=multipart",
        data=body,
        headers={"Content-Type": "multipart/related; boundary=b"},
    )
    assert answer.status_code == 400
    assert list((sandbox.root / "storage" / "bytes").glob("*multipart")) == []


# The resumable protocol


def test_the_last_chunk_is_refused_where_its_checksum_is_wrong(
    sandbox: RunningSandbox, bucket: str, name: str, session: str
) -> None:
    answer = send(session, "0-2/3", b"abc", **{"X-Goog-Hash": f"crc32c={crc32c(b'abd')}"})
    assert answer.status_code == 400
    assert crc32c(b"abc") in answer.json()["error"]["message"]
    assert call(sandbox, "GET", f"/storage/v1/b/{bucket}/o/{name}").status_code == 404
    assert send(session, "*/3").status_code == 404


def test_the_checksum_of_a_resumable_upload_covers_all_its_chunks(session: str) -> None:
    content = bytes(CHUNK) + b"end"
    assert send(session, f"0-{CHUNK - 1}/*", content[:CHUNK]).status_code == 308
    whole = {"X-Goog-Hash": f"crc32c={crc32c(content)}"}
    answer = send(session, f"{CHUNK}-{CHUNK + 2}/{CHUNK + 3}", b"end", **whole)
    assert (answer.status_code, answer.json()["crc32c"]) == (200, crc32c(content))


def test_a_chunk_that_is_sent_twice_counts_once(session: str) -> None:
    for _ in range(2):
        answer = send(session, f"0-{CHUNK - 1}/*", bytes(CHUNK))
        assert (answer.status_code, answer.headers["Range"]) == (308, f"bytes=0-{CHUNK - 1}")
    answer = send(session, f"*/{CHUNK}")
    assert (answer.status_code, answer.json()["size"]) == (200, str(CHUNK))


def test_nothing_received_is_told_without_a_range(session: str) -> None:
    answer = send(session, "*/10")
    assert answer.status_code == 308
    assert "Range" not in answer.headers


@pytest.mark.parametrize(
    ("content_range", "length", "said"),
    [
        (f"{CHUNK}-{2 * CHUNK - 1}/*", CHUNK, "exceeds already uploaded size of 0"),
        ("0-99/*", 100, "multiple"),
        ("0-99/100", 99, "There were 99 byte(s)"),
        ("0-99/50", 100, "after the total"),
        ("0-99", 100, "parse"),
        ("99-0/100", 0, "byte(s)"),
        (f"0-{10**30}/{10**31}", 0, "parse"),
    ],
)
def test_a_chunk_that_does_not_fit_is_refused(
    session: str, content_range: str, length: int, said: str
) -> None:
    answer = send(session, content_range, bytes(length))
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]
    assert send(session, "*/*").status_code == 308


def test_a_precondition_that_fails_in_the_meantime_refuses_the_last_chunk(
    sandbox: RunningSandbox, bucket: str, name: str
) -> None:
    url = f"{sandbox.url}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&ifGenerationMatch=0"
    first, second = (
        requests.post(f"{url}&name={name}", timeout=30).headers["Location"] for _ in range(2)
    )
    assert send(first, "0-4/5", b"first").status_code == 200
    assert send(second, "0-5/6", b"second").status_code == 412
    answer = call(sandbox, "GET", f"/storage/v1/b/{bucket}/o/{name}?alt=media")
    assert answer.content == b"first"


def test_a_precondition_that_fails_already_refuses_to_begin(
    sandbox: RunningSandbox, bucket: str, name: str, session: str
) -> None:
    send(session, "0-0/1", b"x")
    path = f"/upload/storage/v1/b/{bucket}/o?uploadType=resumable&ifGenerationMatch=0&name={name}"
    assert call(sandbox, "POST", path).status_code == 412


# Downloads


def test_a_download_tells_generation_length_and_checksums(
    sandbox: RunningSandbox, bucket: str, name: str, session: str
) -> None:
    made = send(session, "0-2/3", b"abc").json()
    answer = call(
        sandbox,
        "GET",
        f"/download/storage/v1/b/{bucket}/o/{name}?alt=media",
        headers={"Range": "bytes=1-"},
    )
    assert (answer.status_code, answer.content) == (206, b"bc")
    assert answer.headers["Content-Range"] == "bytes 1-2/3"
    assert answer.headers["X-Goog-Generation"] == made["generation"]
    assert answer.headers["X-Goog-Hash"] == f"crc32c={made['crc32c']},md5={made['md5Hash']}"


def test_a_download_goes_on_although_the_object_is_replaced(
    sandbox: RunningSandbox, bucket: str, name: str
) -> None:
    blob = sandbox.storage().bucket(bucket).blob(name)
    old = b"old!" * (8 << 20)
    blob.upload_from_string(old)
    path = f"{sandbox.url}/storage/v1/b/{bucket}/o/{name}?alt=media"
    with requests.get(path, stream=True, timeout=30) as answer:
        begun = answer.raw.read(1024)
        blob.upload_from_string(b"new")
        assert begun + answer.raw.read() == old
    assert requests.get(path, timeout=30).content == b"new"
