"""Scrapy settings of the crawler: polite, honest about who asks, and closed to everything but http and https."""

from importlib.metadata import PackageNotFoundError, version

from scrapy.settings import default_settings

try:
    VERSION = version("lait")
except PackageNotFoundError:  # run from a checkout that is not installed
    VERSION = "dev"

BOT_NAME = "lait-crawler"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"
COMMANDS_MODULE = "crawler.commands"

# Who asks. The spider completes the agent with LAIT_CONTACT, which may come from the command line.
LAIT_CONTACT = ""  # a web page or mail address at which a site's owner reaches whoever runs this crawl
USER_AGENT = f"{BOT_NAME}/{VERSION}"
ROBOTSTXT_USER_AGENT = BOT_NAME
ROBOTSTXT_OBEY = True
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.robots.RobotsMiddleware": 100,
    "crawler.reservations.ReservationsMiddleware": 110,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "crawler.retries.BackOffMiddleware": 550,  # in Scrapy's place
    "crawler.retries.RetryAfterMiddleware": 560,  # sees responses just before that
    "crawler.middlewares.RedirectTargetMiddleware": 610,  # sees responses just before Scrapy's redirects, at 600
    # What this crawl has no use for, and would pay for on every request: it knows its sites and counts for itself.
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
}
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
}
SCHEDULER_PRIORITY_QUEUE = "crawler.host_queue.HostQueue"

# What a site's own files say. Times in seconds.
LAIT_ROBOTS_SECONDS = 86_400.0  # robots.txt and tdmrep.json hold for; RFC 9309, section 2.4, allows a day
LAIT_ROBOTS_RETRIES = 3  # further attempts at a robots.txt that cannot be read, each after a longer pause
LAIT_ROBOTS_UNREACHABLE_SECONDS = 600.0  # its site is left alone after that: most restarts and overloads are shorter
LAIT_MAX_CRAWL_DELAY = 60.0  # sites that ask for longer pauses are refused: an hour would give some 60 of their pages
LAIT_TDMREP = True  # obey /.well-known/tdmrep.json

# How hard. Per host: one request a second, two at a time at most, and slower where the server is slow.
CONCURRENT_REQUESTS = 64
CONCURRENT_ITEMS = 1  # a callback gives one request at most; for each, Scrapy starts this many tasks to handle it
CONCURRENT_REQUESTS_PER_DOMAIN = 2
DOWNLOAD_DELAY = 1.0
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1.0
AUTOTHROTTLE_MAX_DELAY = 30.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0

# How much and how long: bytes, which hold after decompression too, and seconds for a response as a whole, from the
# look-up of the name to the last byte of the body.
DOWNLOAD_MAXSIZE = 20 * 2**20  # anything: images are what comes close
LAIT_PAGE_MAXSIZE = 5 * 2**20  # pages; hardly any that people read comes close
DOWNLOAD_WARNSIZE = 0
DOWNLOAD_TIMEOUT = 60
RETRY_TIMES = 2
# Not what was too slow: a server that holds on to each request would do so three times as long.
RETRY_EXCEPTIONS = [error for error in default_settings.RETRY_EXCEPTIONS if "TimeoutError" not in str(error)]
LAIT_BACK_OFF = 2.0  # seconds that a host is paused before a failed request is made again; doubled by each failure
LAIT_MAX_RETRY_AFTER = 120.0  # seconds waited at most, for Retry-After or a retry; who asks for more is left alone
RETRY_GIVE_UP_LOG_LEVEL = "INFO"  # every page that failed is in OUT/failures.parquet
REDIRECT_MAX_TIMES = 5
METAREFRESH_MAXDELAY = 5
REACTOR_THREADPOOL_MAXSIZE = 32  # of them, one resolves one host name

# What is kept, and when it is written.
LAIT_FRONTIER = ""  # where the queue is: "" for OUT/frontier.sqlite, or redis://HOST:PORT/DB?crawl=NAME to share it
LAIT_LEASE_SECONDS = 60.0  # without a sign of life, after which what a process had of a shared crawl is given to others
LAIT_SHARD_MB = 128.0  # megabytes of rows in a shard: a few hundred photos
LAIT_SHARD_SECONDS = 300.0  # after which a shard is written with what there is
LAIT_ROWS_AHEAD = 1_000_000  # rows that wait in the queue of spider `images`: of many hosts, though of a bounded number
# Whether records are on disk at once, in OUT/spool, until they are in a shard: a crawl that is killed goes on with them,
# and without would lose what it fetched since the last shard. It doubles what is written.
LAIT_SPOOL = True
LAIT_FAILED_RUNS = 5  # runs in which a page may fail, on a dead server say, before it is left
LAIT_DRAIN_SECONDS = 60.0  # that Ctrl-C gives what is in flight

# Where to. Names may lead anywhere, so that the guard judges the addresses behind them; see crawler/netguard.py.
NETGUARD_ALLOW = ""  # networks beside the public internet, such as 127.0.0.0/8,::1; they are open on every port
NETGUARD_PORTS = "80,443"  # of all other addresses
TWISTED_DNS_RESOLVER = "scrapy.resolver.CachingHostnameResolver"  # all addresses of a name, IPv6 included
DOWNLOAD_VERIFY_CERTIFICATES = True
HTTPPROXY_ENABLED = False  # a proxy from the environment would resolve names itself, out of the guard's sight

# What is not needed, or not safe on pages from anywhere. The spider refuses repeated and overlong addresses itself, so
# that each is accounted for.
DOWNLOAD_HANDLERS = {
    "http": "crawler.paced_handler.PacedHandler",
    "https": "crawler.paced_handler.PacedHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
COOKIES_ENABLED = False
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
HTTPCACHE_ENABLED = False
URLLENGTH_LIMIT = 0

# What is seen. Scrapy's own lines only from warnings up; progress and summary are ours.
LOG_LEVEL = "WARNING"
LOG_FORMAT = "%(levelname)s: %(message)s"
STATS_DUMP = False
LAIT_PROGRESS_SECONDS = 10.0
EXTENSIONS = {
    "scrapy.extensions.logstats.LogStats": None,
    "scrapy.extensions.feedexport.FeedExporter": None,
    "crawler.progress.Progress": 0,
    "crawler.pacing.Pacing": 100,  # after AutoThrottle, at 0, which it corrects
}
