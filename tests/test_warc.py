import random
from pathlib import Path

import pytest
from fastwarc.stream_io import ZstdWriter

from pipelines.warc import PAGE_BYTES, Fault, Response, Skipped, date_of, is_warc, records
from tests.warc_world import PAGE, gzipped, http, packed, record, response, with_dictionary

PAGES = [response(str(number), PAGE) for number in range(4)]
ALL = ["0", "1", "2", "3"]


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    return tmp_path / "x.warc.gz"


def read(path: Path, content: bytes) -> list[str]:
    """The records of a file with this content: the page's name, the kind skipped, or the fault's reason."""
    path.write_bytes(content)
    return [
        entry.url.removeprefix("http://a.test/")
        if isinstance(entry, Response)
        else entry.kind
        if isinstance(entry, Skipped)
        else entry.reason
        for entry in records(path)
    ]


def one(path: Path, content: bytes) -> Response | Skipped | Fault:
    path.write_bytes(content)
    [entry] = records(path)
    return entry


def response_in(path: Path, content: bytes) -> Response:
    entry = one(path, content)
    assert isinstance(entry, Response)
    return entry


@pytest.mark.parametrize(
    "content",
    [
        b"".join(PAGES),
        b"".join(gzipped(PAGES)),
        b"".join(gzipped([b"".join(PAGES)])),
        packed(ZstdWriter, *PAGES),
        with_dictionary(PAGES, compress_dictionary=False),
        with_dictionary(PAGES, compress_dictionary=True),
    ],
    ids=["plain", "gzip", "one gzip member", "zstd", "zstd with dictionary", "zstd with compressed dictionary"],
)
def test_every_way_to_store_records_gives_the_same_pages(warc: Path, content: bytes) -> None:
    assert read(warc, content) == ALL
    assert {entry.body for entry in records(warc) if isinstance(entry, Response)} == {PAGE}
    assert is_warc(warc)


def test_a_response_has_what_extraction_asks_for(warc: Path) -> None:
    block = http(b"<p>x", "Content-Type: text/html", "X-Robots-Tag: noai", "x-robots-tag: noindex")
    assert response_in(warc, record("<http://a.test/>", block)) == Response(
        offset=0,
        url="http://a.test/",
        date="2026-01-02T03:04:05+00:00",
        status=200,
        headers={"content-type": ["text/html"], "x-robots-tag": ["noai", "noindex"]},
        body=b"<p>x",
        truncated=False,
    )


def test_other_kinds_of_record_are_skipped_by_name(warc: Path) -> None:
    kinds = ["warcinfo", "request", "metadata", "revisit", "resource", "conversion", "continuation"]
    dns = record("dns:a.test", b"20260102030405\na.test. 300 IN A 192.0.2.1").replace(b"application/http", b"text/dns")
    content = [record("http://a.test/x", b"", kind=kind) for kind in kinds]
    assert read(warc, b"".join(gzipped([*content, dns, PAGES[0]]))) == [*kinds, "not_http", "0"]


def test_offsets_are_those_of_the_file_as_stored(warc: Path) -> None:
    members = gzipped(PAGES)
    warc.write_bytes(b"".join(members))
    assert [entry.offset for entry in records(warc)] == [sum(map(len, members[:index])) for index in range(4)]


def test_a_damaged_member_costs_itself_only(warc: Path) -> None:
    members = gzipped(PAGES)
    for position in (len(members[1]) // 2, len(members[1]) - 6, 0):  # its data, its checksum, its magic number
        damaged = bytearray(members[1])
        damaged[position : position + 2] = b"\xff\x00"
        assert read(warc, members[0] + damaged + members[2] + members[3]) == ["0", "damaged", "2", "3"]


def test_each_of_two_damaged_neighbours_counts(warc: Path) -> None:
    members = [bytearray(member) for member in gzipped(PAGES)]
    members[1][-6] ^= 1
    members[2][-6] ^= 1
    assert read(warc, b"".join(members)) == ["0", "damaged", "damaged", "3"]


def test_a_member_cut_in_the_middle_costs_itself_only(warc: Path) -> None:
    members = gzipped(PAGES)
    assert read(warc, members[0] + members[1][:200] + members[2] + members[3]) == ["0", "damaged", "2", "3"]


def test_a_damaged_zstd_frame_costs_itself_only_even_where_a_dictionary_is_needed(warc: Path) -> None:
    for dictionary in (False, True):
        content = with_dictionary(PAGES, compress_dictionary=dictionary)
        frames = content.split(b"\x28\xb5\x2f\xfd")
        frames[-3] = frames[-3][:20] + b"\xff" * 8
        assert read(warc, b"\x28\xb5\x2f\xfd".join(frames)) == ["0", "damaged", "2", "3"]


@pytest.mark.parametrize("compress", [False, True])
def test_without_its_dictionary_nothing_can_be_read(warc: Path, compress: bool) -> None:
    content = bytearray(with_dictionary(PAGES, compress_dictionary=compress))
    content[20:120] = bytes(100)
    assert read(warc, bytes(content)) == ["damaged"]
    assert not is_warc(warc)


@pytest.mark.parametrize("content", [b"".join(PAGES), b"".join(gzipped(PAGES)), packed(ZstdWriter, *PAGES)])
def test_a_file_cut_in_its_last_record_keeps_those_before(warc: Path, content: bytes) -> None:
    *kept, last = read(warc, content[:-100])
    assert kept == ["0", "1", "2"]
    assert last in ("cut_short", "damaged")


@pytest.mark.parametrize("junk", [b"JUNK" * 20, b"line\r\n" * 20, bytes(3000), bytes(range(256)) * 8])
def test_junk_between_records_counts_once(warc: Path, junk: bytes) -> None:
    assert read(warc, PAGES[0] + junk + PAGES[1]) == ["0", "damaged", "1"]
    members = gzipped(PAGES)
    assert read(warc, members[0] + junk + members[1]) == ["0", "damaged", "1"]
    assert read(warc, members[0] + junk) == ["0", "damaged"]
    assert read(warc, junk + members[0]) == ["damaged", "0"]


def test_records_behind_a_long_stretch_of_junk_are_found_wherever_it_ends(warc: Path) -> None:
    for length in (2**20 - 1, 2**20, 2**20 + 1, 2**20 - 70, 3 * 2**20):
        assert read(warc, PAGES[0] + b"x" * length + b"\n" + PAGES[1]) == ["0", "damaged", "1"]


@pytest.mark.parametrize("length", [len(http()) - 50, len(http()) + 146])
def test_a_wrong_length_loses_no_other_record(warc: Path, length: int) -> None:
    lie = record("http://a.test/lie", http(), length=length)
    assert read(warc, lie + PAGES[1] + PAGES[2]) == ["lie", "damaged", "1", "2"]
    assert read(warc, b"".join(gzipped([lie, *PAGES[1:3]]))) == ["lie", "damaged", "1", "2"]


@pytest.mark.parametrize("length", [10**6, 10**15])
def test_a_length_beyond_the_file_loses_no_other_record(warc: Path, length: int) -> None:
    lie = record("http://a.test/lie", http(), length=length)
    assert read(warc, lie + PAGES[1] + PAGES[2]) == ["cut_short", "1", "2"]
    assert read(warc, b"".join(gzipped([lie, *PAGES[1:3]]))) == ["cut_short", "1", "2"]


def test_what_is_no_length_loses_no_other_record(warc: Path) -> None:
    lie = PAGES[0].replace(b"Content-Length: ", b"Content-Length: -")
    assert read(warc, lie + PAGES[1]) == ["bad_http", "damaged", "1"]


def test_damage_at_random_places_never_ends_the_reading(tmp_path: Path) -> None:
    dice = random.Random(0)
    stored = {
        "x.warc": b"".join(PAGES),
        "x.warc.gz": b"".join(gzipped(PAGES)),
        "x.warc.zst": packed(ZstdWriter, *PAGES),
    }
    for name, content in stored.items():
        for _ in range(150):
            damaged = bytearray(content)
            at = dice.randrange(len(damaged))
            damaged[at : at + dice.choice((1, 20, 200))] = dice.randbytes(dice.choice((1, 20, 200)))
            found = read(tmp_path / name, bytes(damaged))
            assert len(set(found) & set(ALL)) >= 2
            assert len(found) <= 6


def test_a_response_without_address_or_date_is_a_fault(warc: Path) -> None:
    assert read(warc, PAGES[0].replace(b"WARC-Date", b"X-Date") + PAGES[1]) == ["no_address", "1"]
    assert read(warc, PAGES[0].replace(b"WARC-Target-URI", b"X-URI") + PAGES[1]) == ["no_address", "1"]


def test_a_response_that_is_no_http_message_is_a_fault(warc: Path) -> None:
    assert read(warc, record("http://a.test/x", b"<html>no head</html>") + PAGES[1]) == ["bad_http", "1"]


def test_a_body_that_is_not_what_its_headers_say_is_a_fault_of_its_own(warc: Path) -> None:
    bad = response("x", b"\x00\x01\x02" * 99, "Content-Encoding: gzip")
    assert read(warc, bad + PAGES[1]) == ["bad_body", "1"]


def test_bodies_over_the_cap_are_not_kept(warc: Path) -> None:
    exact = response_in(warc, response("x", b"<" * PAGE_BYTES))
    assert exact.body is not None
    assert len(exact.body) == PAGE_BYTES
    assert response_in(warc, response("x", b"<" * (PAGE_BYTES + 1))).body is None
    assert response_in(warc, response("x", b"<" * (3 * PAGE_BYTES))).body is None


def test_an_archive_that_cut_a_page_says_so_and_what_there_is_is_kept(warc: Path) -> None:
    cut = response_in(warc, record("http://a.test/x", http(PAGE[:500]), "WARC-Truncated: length"))
    assert (cut.body, cut.truncated) == (PAGE[:500], True)


def test_other_statuses_come_without_a_body(warc: Path) -> None:
    moved = response_in(warc, record("http://a.test/x", http(b"gone", "Location: /y", status="301 Moved")))
    assert (moved.status, moved.body) == (301, None)


def test_an_empty_file_says_that_it_is_one(warc: Path) -> None:
    assert one(warc, b"") == Fault(0, "empty_file", "")


@pytest.mark.parametrize("content", [b"<html>" * 1000, bytes(10_000), gzipped([b"<html>" * 99])[0], b"PK\x03\x04" * 99])
def test_a_file_without_a_record_is_no_warc(warc: Path, content: bytes) -> None:
    warc.write_bytes(content)
    assert not is_warc(warc)
    assert read(warc, content) == ["damaged"]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05+00:00"),
        ("2026-01-02", "2026-01-02T00:00:00+00:00"),
        ("0001-01-01T00:00:00+02:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_are_utc_to_the_second(text: str, date: str | None) -> None:
    assert date_of(text) == date
