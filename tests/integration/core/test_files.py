"""A file is published whole or not at all, by one writer at a time."""

import os
import threading

import pytest

from pipeline.core.errors import Terminal, Transient
from pipeline.core.files import discard, part_file, part_path, publish, write_atomically


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "month.parquet"


def test_nothing_is_there_before_publication_and_no_part_after(path):
    with part_file(path) as part:
        part.write(b"month")
        assert not path.exists()
        publish(part, path)
    assert path.read_bytes() == b"month"
    assert not part_path(path).exists()


def test_what_a_broken_writer_left_is_continued_at_its_end(path):
    with pytest.raises(KeyError), part_file(path) as part:
        part.write(b"mo")
        raise KeyError("broken")
    with part_file(path) as part:
        assert part.tell() == 2
        part.write(b"nth")
        publish(part, path)
    assert path.read_bytes() == b"month"


def test_a_discarded_part_is_begun_anew(path):
    with part_file(path) as part:
        part.write(b"wrong")
        discard(path)
    discard(path)
    with part_file(path) as part:
        assert part.tell() == 0


@pytest.mark.parametrize("ending", ["published", "discarded"])
def test_a_second_writer_waits_and_then_has_a_part_of_its_own(path, ending):
    inside = threading.Event()

    def write():
        with part_file(path) as part:
            inside.set()
            part.write(b"second")
            publish(part, path)

    second = threading.Thread(target=write)
    with part_file(path) as part:
        second.start()
        assert not inside.wait(0.3)
        part.write(b"the first")
        part.flush()
        publish(part, path) if ending == "published" else discard(path)
        assert not inside.wait(0.1)
    second.join()
    assert path.read_bytes() == b"second"


def test_a_part_that_was_deleted_never_publishes_what_another_writer_began(path):
    with part_file(path) as first:
        first.write(b"first")
        part_path(path).unlink()
        with part_file(path) as second:
            second.write(b"half of")
            second.flush()
            with pytest.raises(Transient, match="was deleted while it was written"):
                publish(first, path)
            assert not path.exists()
            second.write(b" the second")
            publish(second, path)
    assert path.read_bytes() == b"half of the second"


def test_a_full_disk_is_one_line_that_says_how_much_is_free(path):
    path.parent.mkdir()
    part_path(path).symlink_to("/dev/full")
    with (
        pytest.raises(Terminal, match=r"No space left on device \([\d,]+ MB free\)"),
        part_file(path) as part,
    ):
        part.write(b"month")
        publish(part, path)
    assert not path.exists()


def test_a_folder_that_is_a_file_is_one_line(path):
    path.parent.write_text("a file")
    with pytest.raises(Terminal, match=r"point \[local\] data_dir at another folder"):
        write_atomically(path, b"month")


def test_an_error_that_is_not_the_disks_stays_what_it_is(path):
    class NetworkError(OSError):
        """As requests raises: an OSError without a number."""

    with pytest.raises(NetworkError), part_file(path):
        raise NetworkError("connection reset")


def test_writing_atomically_leaves_only_the_last_content(path):
    write_atomically(path, b"a long first content")
    write_atomically(path, b"short")
    assert path.read_bytes() == b"short"


def test_a_folder_that_may_not_be_entered_is_one_line(path):
    if os.geteuid() == 0:
        pytest.skip("root may enter every folder")
    path.parent.mkdir()
    deeper = path.parent / "deeper" / path.name
    deeper.parent.mkdir()
    path.parent.chmod(0)
    try:
        with pytest.raises(Terminal, match="Permission denied"):
            write_atomically(deeper, b"month")
    finally:
        path.parent.chmod(0o700)
