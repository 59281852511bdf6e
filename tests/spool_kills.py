"""A crawl's writer that is killed between any two steps: `python -m tests.spool_kills FOLDER` makes a folder for each."""

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import IO, Any, Final

import crawler.spool
from crawler.frontier import Ended, work_of
from crawler.frontier_sqlite import SqliteFrontier
from crawler.items import REFUSAL_SCHEMA, Refusal
from crawler.spool import Spool
from crawler.store import ParquetShards

URLS: Final = [f"http://a.example/{number}" for number in range(4)]
STEPS: Final = ("spooling", "append", "writing", "written", "clear")
MOMENTS: Final = (*(f"{when} {step}" for step in STEPS for when in ("before", "after")), "in append", "in clear")


def reached(moment: str, fatal: str) -> None:
    if moment == fatal:
        os.kill(os.getpid(), signal.SIGKILL)


def watch(owner: type, step: str, fatal: str) -> None:
    do = getattr(owner, step)

    def watched(self: Any, *arguments: Any) -> None:
        reached(f"before {step}", fatal)
        if step == "clear" and fatal == "in clear":
            self._given[0].unlink()
            reached("in clear", fatal)
        do(self, *arguments)
        reached(f"after {step}", fatal)

    setattr(owner, step, watched)


def arm(fatal: str) -> None:
    """Have this process killed at that moment."""
    for step in STEPS:
        watch(Spool if step in ("append", "clear") else SqliteFrontier, step, fatal)

    def write_half(file: IO[bytes], data: bytes) -> None:
        file.write(data[: len(data) // 2])
        reached("in append", fatal)
        file.write(data[len(data) // 2 :])

    crawler.spool.write_all = write_half


def run(out: Path, fatal: str) -> None:
    """Go on where the run before was killed, record two more pages, and be killed by what is done for the second."""
    frontier = SqliteFrontier(out)
    spool = Spool(out, "refused", REFUSAL_SCHEMA)
    shards = ParquetShards(out / "refused", "refused", REFUSAL_SCHEMA, journal=frontier, spool=spool)
    frontier.add(map(work_of, URLS))
    shards.recover(frontier.hold)
    first, second = frontier.take(2, 2, {})
    frontier.beat()
    for work in (first, second):
        if work is second:
            arm(fatal)
        shards.add(Refusal(work.url, None, "not_english", "de", "2024").to_row(), Ended(work.key, "refused", "2024"))
    shards.flush()


def main(folder: Path) -> None:
    for moment in MOMENTS:
        out = folder / moment.replace(" ", "-")
        out.mkdir()
        for name in ("once", "twice"):
            if (child := os.fork()) == 0:
                run(out, moment)
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, moment
            shutil.copytree(out, out.with_name(f"{out.name}-{name}"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
