import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.frontier import Ended, Work, host_of, work_of
from crawler.frontier_sqlite import SqliteFrontier
from crawler.hand_out import HandOut

NOW = "2024-05-01T00:00:00+00:00"


@pytest.fixture
def frontier(tmp_path: Path) -> Iterator[SqliteFrontier]:
    frontier = SqliteFrontier(tmp_path)
    yield frontier
    frontier.close()


def end(frontier: SqliteFrontier, hand_out: HandOut, work: Work) -> None:
    frontier.end(Ended(work.key, "refused", NOW))
    hand_out.ended(work)


def test_all_work_is_handed_out_with_so_much_in_flight_at_most(frontier: SqliteFrontier) -> None:
    hosts = [f"{letter}.example" for letter in "abcdef"]
    urls = [f"http://{host}/{number}" for host in hosts for number in range(20)]
    frontier.add(map(work_of, urls))
    hand_out, flying, most = HandOut(frontier, 8, 2), list[Work](), Counter[str]()
    done = []

    async def crawl() -> None:
        async for work in hand_out.works(lambda: None, lambda: False):
            flying.append(work)
            most["all"] = max(most["all"], len(flying))
            for host, number in Counter(host_of(one.url) for one in flying).items():
                most[host] = max(most[host], number)
            asyncio.get_running_loop().call_later(0.001, finish)

    def finish() -> None:
        work = flying.pop(0)
        done.append(work.url)
        end(frontier, hand_out, work)

    asyncio.run(crawl())
    assert sorted(done) == sorted(urls)
    assert most == {"all": 8, **dict.fromkeys(hosts, 2)}
    assert hand_out.in_flight == 0


def test_work_that_is_found_while_the_last_is_in_flight_is_handed_out(frontier: SqliteFrontier) -> None:
    frontier.add([work_of("http://a.example/0")])
    hand_out, urls = HandOut(frontier, 4, 4), []

    async def crawl() -> None:
        async for work in hand_out.works(lambda: None, lambda: False):
            urls.append(work.url)
            await asyncio.sleep(0)
            if work.depth < 3:
                frontier.add([work_of(f"http://a.example/{work.depth + 1}", depth=work.depth + 1)])
            end(frontier, hand_out, work)

    asyncio.run(crawl())
    assert urls == [f"http://a.example/{depth}" for depth in range(4)]


def test_records_are_written_before_a_crawl_is_taken_to_have_ended(frontier: SqliteFrontier) -> None:
    frontier.add([work_of("http://a.example/0")])
    hand_out, buffered = HandOut(frontier, 4, 4), list[Work]()

    def flush() -> None:
        while buffered:
            frontier.end(Ended(buffered.pop().key, "done", NOW))

    async def crawl() -> None:
        async for work in hand_out.works(flush, lambda: False):
            buffered.append(work)
            hand_out.ended(work)

    asyncio.run(crawl())
    assert frontier.counts().done == 1


def test_a_crawl_waits_for_work_that_another_process_has(
    frontier: SqliteFrontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.hand_out.IDLE_SECONDS", 0.01)
    frontier.add([work_of("http://a.example/0")])
    (theirs,) = frontier.take(1, 1, {})
    hand_out, urls = HandOut(frontier, 4, 4), []

    def they_find_a_link() -> None:
        frontier.add([work_of("http://a.example/1")])
        frontier.end(Ended(theirs.key, "done", NOW))

    async def crawl() -> None:
        asyncio.get_running_loop().call_later(0.05, they_find_a_link)
        async for work in hand_out.works(lambda: None, lambda: True):
            urls.append(work.url)
            end(frontier, hand_out, work)

    asyncio.run(crawl())
    assert urls == ["http://a.example/1"]


def test_nothing_is_handed_out_once_stopped(frontier: SqliteFrontier) -> None:
    frontier.add([work_of(f"http://a.example/{number}") for number in range(9)])
    hand_out, urls = HandOut(frontier, 2, 2), []

    async def crawl() -> None:
        async for work in hand_out.works(lambda: None, lambda: False):
            urls.append(work.url)
            if len(urls) == 2:
                hand_out.stop()

    asyncio.run(crawl())
    assert len(urls) == 2
    assert hand_out.in_flight == 2


def test_work_lost_on_the_way_does_not_keep_the_crawl_up(
    frontier: SqliteFrontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.hand_out.TICK_SECONDS", 0.001)
    frontier.add([work_of("http://a.example/0")])
    hand_out = HandOut(frontier, 4, 4)

    async def crawl() -> list[Work]:
        return [work async for work in hand_out.works(lambda: None, lambda: True)]

    assert len(asyncio.run(crawl())) == 1
    assert hand_out.in_flight == 1
