"""`scrapy crawl SPIDER`, with clear errors: one line and a non-zero exit status in place of a traceback."""

import argparse
import sys

from scrapy.commands.crawl import Command as ScrapyCrawl

from crawler.manners import Manners
from crawler.network_settings import check_network_settings
from crawler.plan import CrawlError
from crawler.progress import progress_seconds


class Command(ScrapyCrawl):
    """Scrapy's own command for every spider; a spider with `prepare` has its arguments checked before anything runs."""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider named by the first argument."""
        process = self.crawler_process
        if len(args) != 1 or process is None or args[0] not in process.spider_loader.list():
            super().run(args, opts)
            return
        spider_class = process.spider_loader.load(args[0])
        if not hasattr(spider_class, "prepare"):
            super().run(args, opts)
            return
        try:
            progress_seconds(process.settings)
            Manners.from_settings(process.settings)
            check_network_settings(process.settings)
            prepared = spider_class.prepare(opts.spargs)
        except CrawlError as error:
            self._fail(str(error))
            return
        crawler = process.create_crawler(spider_class)
        process.crawl(crawler, **prepared)
        process.start()
        failure = getattr(crawler.spider, "failure", None)
        if failure:
            self._fail(failure)
        elif process.bootstrap_failed:
            self.exitcode = 1

    def _fail(self, message: str) -> None:
        print(f"error: {message}", file=sys.stderr)
        self.exitcode = 1
