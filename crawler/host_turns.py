"""Work leased from the SQLite frontier: hosts in turn, first come first served within one."""

from collections.abc import Mapping
from typing import Final

from crawler.frontier import KINDS, Work
from crawler.frontier_rows import LEASED, QUEUED, TAKEN, digest_of
from crawler.frontier_tables import Tables

LOWEST_HOST: Final = -(2**63)


class HostTurns:
    """Goes round the hosts that have something queued, by their digest, which spreads over them evenly."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._last_host = LOWEST_HOST

    def take(self, count: int, per_host: int, held: Mapping[str, int]) -> list[Work]:
        """See `crawler.frontier.Frontier`."""
        in_flight = {digest_of(host): number for host, number in held.items()}
        taken, found = list[Work](), self._last_host != LOWEST_HOST  # anything, since the round began
        while len(taken) < count:
            host = self._next_host(self._last_host)
            if host is None:
                if not found:
                    break
                self._last_host, found = LOWEST_HOST, False
                continue
            self._last_host = host
            if in_flight.get(host, 0) < per_host:
                taken.append(self._lease_first(host))
                in_flight[host] = in_flight.get(host, 0) + 1
                found = True
        return taken

    def _next_host(self, after: int) -> int | None:
        queued = f"SELECT host FROM work WHERE state = {QUEUED} AND host > ? ORDER BY host LIMIT 1"
        row = self._tables.run(queued, (after,)).fetchone()
        return None if row is None else int(row[0])

    def _lease_first(self, host: int) -> Work:
        row = self._tables.run(f"{TAKEN} WHERE state = {QUEUED} AND host = ? ORDER BY id LIMIT 1", (host,)).fetchone()
        number, key, url, kind, *rest = row
        self._tables.run(f"UPDATE work SET state = {LEASED} WHERE id = ?", (number,))
        self._tables.run("DELETE FROM spooled WHERE key = ?", (key,))  # a record that was there is no longer its own
        return Work(key, url, KINDS[kind], *rest)
