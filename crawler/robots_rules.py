"""What a robots.txt says to one robot (RFC 9309), with the pace that it asks for."""

import re
from dataclasses import dataclass
from typing import Final, Self

from protego import Protego

from crawler.site_files import LIMIT

LINE_END: Final = re.compile(r"\r\n?")  # a lone carriage return ends a line, too (RFC 9309, section 2.2)


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """The rules of a site for one robot.

    Attributes:
        agent: the robot's product token.
        seconds: how long to leave between two requests, from Crawl-delay and Request-rate; 0.0 without either.
    """

    _parsed: Protego
    agent: str
    seconds: float

    @classmethod
    def parse(cls, body: bytes, agent: str) -> Self:
        """Read a robots.txt of whatever content; lines that mean nothing are passed over.

        A group counts as the robot's when its name is the robot's, whatever a version or a comment adds to that; else
        the group `*` does. Request-rate's hours of the day are not heeded: its pace holds at all times.
        """
        named = re.compile(rf"^(\s*user-?agent\s*:\s*{re.escape(agent)})(?![\w-]).*$", re.IGNORECASE | re.MULTILINE)
        text = LINE_END.sub("\n", body[:LIMIT].decode("utf-8-sig", "replace"))
        parsed = Protego.parse(named.sub(r"\1", text))
        rate = parsed.request_rate(agent)
        seconds = max(parsed.crawl_delay(agent) or 0.0, rate.seconds / rate.requests if rate is not None else 0.0)
        return cls(parsed, agent, seconds)

    def allows(self, url: str) -> bool:
        """Whether the robot may fetch an address of the site."""
        return self._parsed.can_fetch(url, self.agent)
