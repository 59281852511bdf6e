"""Rows put into the frontier little by little, so that neither memory nor the frontier holds all of a large input."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crawler.frontier import Frontier, Work
from crawler.image_input import columns_and_position, note_of
from crawler.image_rows import Columns, work_of_row
from crawler.tabular import Row, batches

ROWS_AT_ONCE: Final = 2_000  # that one turn reads, in less than a tenth of a second


@dataclass(slots=True)
class OpenFile:
    """A file that is being read.

    Attributes:
        work: the unit that reads it.
        columns: what to read.
        position: rows read so far.
        rows: the rest of them.
    """

    work: Work
    columns: Columns
    position: int
    rows: Iterator[list[Row]]


class RowFeed:
    """Reads files of rows, one after the other, whenever fewer than so many rows wait in the frontier.

    How far a file was read is noted on its unit after its rows are queued, so that a kill makes some rows be read
    twice, which the frontier knows already, and never one be left out.

    Attributes:
        passed_over: rows whose image is there already.
    """

    def __init__(self, frontier: Frontier, ahead: int) -> None:
        """Keep about `ahead` rows waiting."""
        self.passed_over = 0
        self._frontier, self._ahead = frontier, ahead
        self._files: list[OpenFile] = []

    def open(self, work: Work) -> None:
        """Take on a file, at the place that was reached before."""
        columns, position = columns_and_position(work)
        rows = batches(Path(work.url), columns.names, position)
        self._files.append(OpenFile(work, columns, position, rows))

    def turn(self) -> Work | None:
        """Read some rows if few are waiting; answers the unit of a file that was read to its end.

        Raises:
            TableError: the file cannot be read any further.
            FrontierError: the frontier cannot be written.
        """
        if not self._files or self._frontier.counts().queued >= self._ahead:
            return None
        file, read = self._files[0], 0
        works: dict[bytes, Work] = {}
        ended = False
        while read < ROWS_AT_ONCE and not ended:
            batch = next(file.rows, None)
            ended = batch is None
            read += len(batch or ())
            for row in batch or ():
                if (candidate := file.columns.candidate(row)) is None:
                    self.passed_over += 1
                else:
                    work = work_of_row(candidate)
                    works[work.key] = work
        # Rows of one image next to each other, so that one fetch does for them.
        self._frontier.add(sorted(works.values(), key=lambda work: work.url))
        file.position += read
        self._frontier.note(file.work.key, note_of(file.columns, file.position))
        if ended:
            self._files.pop(0)
        return file.work if ended else None

    def drop(self) -> Work:
        """Give up the file that is being read; answers its unit."""
        return self._files.pop(0).work
