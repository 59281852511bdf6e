"""The SQLite file behind a crawl's frontier: its tables, opened, checked and locked."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from crawler.frontier import KINDS, FrontierError
from crawler.frontier_rows import ALIAS, FAILED, LEASED, QUEUED, REFUSED

VERSION: Final = 1  # of the tables, in the file's user_version
APPLICATION: Final = 0x4C414954  # "LAIT", in the file's header: https://sqlite.org/pragma.html#pragma_application_id
DAMAGED: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT")

# The narrow indexes hold what is queued, leased or failed and nothing else, so that a take costs the same with a
# hundred million pages done. Rows are appended; only the index of keys is met at random places.
TABLES: Final = f"""
CREATE TABLE work(
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, url TEXT NOT NULL, kind INTEGER NOT NULL, state INTEGER NOT NULL,
    host INTEGER NOT NULL, depth INTEGER NOT NULL, home TEXT NOT NULL, note TEXT NOT NULL,
    holder BLOB,
    outcome INTEGER NOT NULL DEFAULT {REFUSED}, ended TEXT NOT NULL DEFAULT '',
    etag TEXT NOT NULL DEFAULT '', modified TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0, reason TEXT, detail TEXT, image_url TEXT, first_at TEXT, last_at TEXT);
CREATE INDEX queued ON work(host, id) WHERE state = {QUEUED};
CREATE INDEX leased ON work(id) WHERE state = {LEASED};
CREATE INDEX failed ON work(id) WHERE state = {FAILED};
CREATE TABLE writing(
    shard TEXT NOT NULL, key BLOB NOT NULL, outcome INTEGER NOT NULL, ended TEXT NOT NULL, etag TEXT NOT NULL,
    modified TEXT NOT NULL);
CREATE TABLE tally(kind INTEGER NOT NULL, state INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(kind, state));
CREATE TRIGGER come AFTER INSERT ON work BEGIN
    UPDATE tally SET n = n + 1 WHERE kind = new.kind AND state = new.state;
END;
CREATE TRIGGER change AFTER UPDATE OF state, kind ON work BEGIN
    UPDATE tally SET n = n - 1 WHERE kind = old.kind AND state = old.state;
    UPDATE tally SET n = n + 1 WHERE kind = new.kind AND state = new.state;
END;
CREATE TRIGGER go AFTER DELETE ON work BEGIN
    UPDATE tally SET n = n - 1 WHERE kind = old.kind AND state = old.state;
END;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""
# Units whose record is in the spool and in no shard yet: set with all that goes before the record, such as the links of
# the page. A power cut may keep the record and undo that, and then the record is not to be used.
SPOOLED: Final = "CREATE TABLE IF NOT EXISTS spooled(key BLOB PRIMARY KEY) WITHOUT ROWID"


class Tables:
    """A connection to the file, with one transaction open from the first statement on until `commit`.

    All methods raise `FrontierError` when the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it when it is missing; it may be damaged, of another program or of a newer version."""
        self.path = path
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
        except sqlite3.Error as error:
            raise trouble(path, error) from error
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._db.close()
            raise trouble(path, error) from error
        except FrontierError:
            self._db.close()
            raise

    def _prepare(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables and (application, version) != (APPLICATION, VERSION):
            raise FrontierError(not_ours(self.path, application, version))
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")  # a kill loses no commit; `commit_durably` sees to power cuts
        self._db.execute("PRAGMA cache_size = -131072")  # KiB
        self._db.execute("PRAGMA wal_autocheckpoint = 16384")  # pages of 4 KiB: rows of many hosts lie far apart
        if not tables:
            make_tables(self._db)
        self._db.execute(SPOOLED)

    def run(self, sql: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Do one statement."""
        try:
            if not self._db.in_transaction:
                self._db.execute("BEGIN IMMEDIATE")
            return self._db.execute(sql, values)
        except sqlite3.Error as error:
            raise trouble(self.path, error) from error

    def run_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> int:
        """Do one statement for each row; answers how many rows of the table that changed."""
        try:
            if not self._db.in_transaction:
                self._db.execute("BEGIN IMMEDIATE")
            return self._db.executemany(sql, rows).rowcount
        except sqlite3.Error as error:
            raise trouble(self.path, error) from error

    def commit(self) -> None:
        """Make what was done survive a kill of this process."""
        if self._db.in_transaction:
            try:
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise trouble(self.path, error) from error

    def commit_durably(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Do one statement for each row, and make that and all before it survive a power cut."""
        self.commit()
        try:
            self._db.execute("PRAGMA synchronous = FULL")  # cannot change within a transaction
            self.run_many(sql, rows)
            self.commit()
            self._db.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error as error:
            raise trouble(self.path, error) from error

    def close(self) -> None:
        """Let go of the file; what was not committed is undone."""
        self._db.close()


def make_tables(db: sqlite3.Connection) -> None:
    """Make the tables, all or none."""
    tallies = ", ".join(f"({kind}, {state}, 0)" for kind in range(len(KINDS)) for state in range(ALIAS + 1))
    db.executescript(f"BEGIN IMMEDIATE; {TABLES} INSERT INTO tally VALUES {tallies}; COMMIT;")


def not_ours(path: Path, application: int, version: int) -> str:
    """One line on a file whose tables are not these."""
    if application != APPLICATION:
        return f"{path} is not the frontier of a crawl: give another folder with -a out=DIR, or move the file away"
    return (
        f"{path} has version {version}, this program writes {VERSION}: use the program that made it, or another folder "
        "with -a out=DIR"
    )


def trouble(path: Path, error: sqlite3.Error) -> FrontierError:
    """What went wrong with the file, in one line that says what to do."""
    if getattr(error, "sqlite_errorname", "").startswith(DAMAGED):
        return FrontierError(
            f"{path} is damaged ({error}): move it away and run again; the shards are whole, and the pages in them are "
            "not fetched again"
        )
    return FrontierError(f"cannot write to {path} ({error}); shards written before are whole: make room and run again")
