"""`scrapy crawl SPIDER`, with clear errors: one line and a non-zero exit status in place of a traceback."""

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.crawler import CrawlerProcessBase

from crawler.balance import balance
from crawler.frontier import Frontier
from crawler.frontier_spider import FrontierSpider
from crawler.garbage import collect_seldom
from crawler.ledger import write_failures
from crawler.manners import Manners
from crawler.network_settings import check_network_settings
from crawler.plan import CrawlError
from crawler.spool import remove_spool
from crawler.stopping import Stopping, exit_status


class Command(ScrapyCrawl):
    """Scrapy's own command for every spider; a `FrontierSpider` has its arguments checked before anything runs."""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider named by the first argument."""
        process = self.crawler_process
        if len(args) != 1 or process is None or args[0] not in process.spider_loader.list():
            super().run(args, opts)
            return
        spider_class = process.spider_loader.load(args[0])
        if not issubclass(spider_class, FrontierSpider):
            super().run(args, opts)
            return
        try:
            Manners.from_settings(process.settings)
            check_network_settings(process.settings)
            prepared = spider_class.prepare(opts.spargs, process.settings)
        except (CrawlError, OSError) as error:
            self._fail(str(error))
            return
        except KeyboardInterrupt:
            self._fail("stopped while the seeds were read: run the same command again to go on", 128 + signal.SIGINT)
            return
        if not says_nothing_left(spider_class, prepared["frontier"], prepared["plan"].out):
            self._crawl(process, spider_class, prepared)

    def _crawl(self, process: CrawlerProcessBase, spider_class: type[FrontierSpider], prepared: dict[str, Any]) -> None:
        collect_seldom()
        crawler = process.create_crawler(spider_class)
        Stopping(crawler)
        process.crawl(crawler, **prepared)
        process.start()
        if isinstance(crawler.spider, FrontierSpider):
            if crawler.spider.failure:
                self._fail(crawler.spider.failure, exit_status(crawler.spider))
        elif process.bootstrap_failed:
            self.exitcode = 1

    def _fail(self, message: str, status: int = 1) -> None:
        print(f"error: {message}", file=sys.stderr)
        self.exitcode = status


def says_nothing_left(spider_class: type[FrontierSpider], frontier: Frontier, out: Path) -> bool:
    """Whether all that the frontier knows has ended; it says so then, and lets go of the crawl."""
    counts = frontier.counts()
    if not counts.pages or counts.open:
        return False
    write_failures(out / "failures.parquet", frontier)
    remarks = frontier.remarks()
    remove_spool(out)
    frontier.close()
    print("\n".join([f"nothing left to do in {out}/; {balance(counts, spider_class.unit)}", *remarks]))
    return True
