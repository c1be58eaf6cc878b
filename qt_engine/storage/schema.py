"""The tables of the catalog, in one place, and how an older catalog becomes a newer one.

Times are UTC nanoseconds. Columns called `json` in the comments hold canonical JSON text. A migration is a list of
statements that is applied once, in the transaction of the first write after an upgrade; published ones never change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qt_engine.core.errors import StoreError

if TYPE_CHECKING:
    import duckdb

_DATA = (
    """CREATE TABLE raw_files (
        sha256 VARCHAR PRIMARY KEY, name VARCHAR, bytes BIGINT, imported_ns BIGINT)""",
    # one immutable Parquet file; `part` is the hash of its rows, `position` where it stood when it was made
    """CREATE TABLE parts (
        part VARCHAR PRIMARY KEY, symbol VARCHAR, interval VARCHAR, position INTEGER, rows BIGINT,
        start_ts BIGINT, end_ts BIGINT, raw_sha256 VARCHAR, imported_ns BIGINT)""",
    # the present state of a series; parts: json list of part names in order of time; spark: json list of closes
    """CREATE TABLE series (
        symbol VARCHAR, interval VARCHAR, venue VARCHAR, rows BIGINT, start_ts BIGINT, end_ts BIGINT,
        snapshot VARCHAR, parts VARCHAR, last_close DOUBLE, change DOUBLE, spark VARCHAR, updated_ns BIGINT,
        PRIMARY KEY (symbol, interval))""",
    # every state a series ever had; parts: json
    """CREATE TABLE snapshots (
        snapshot VARCHAR PRIMARY KEY, symbol VARCHAR, interval VARCHAR, venue VARCHAR, parts VARCHAR, rows BIGINT)""",
    # what each import did; issues: json
    """CREATE TABLE imports (
        raw_sha256 VARCHAR, symbol VARCHAR, interval VARCHAR, provider VARCHAR, layout VARCHAR, rows BIGINT,
        new_rows BIGINT, duplicates BIGINT, replaced BIGINT, snapshot VARCHAR, issues VARCHAR, imported_ns BIGINT)""",
)

_RUNS = (
    # symbols, parameters, spec, warnings, open_positions and tags: json
    """CREATE TABLE runs (
        run_id VARCHAR PRIMARY KEY, status VARCHAR, strategy VARCHAR, kind VARCHAR, symbols VARCHAR, interval VARCHAR,
        start_ts BIGINT, end_ts BIGINT, bars BIGINT, seed BIGINT, spec_hash VARCHAR, data_hash VARCHAR,
        parameter_hash VARCHAR, input_hash VARCHAR, result_hash VARCHAR, parameters VARCHAR, spec VARCHAR,
        git_commit VARCHAR, git_dirty BOOLEAN, created_ns BIGINT, sealed_ns BIGINT, pid BIGINT, pid_started VARCHAR,
        boot_id VARCHAR, progress DOUBLE, error VARCHAR, traceback VARCHAR, warnings VARCHAR, open_positions VARCHAR,
        tags VARCHAR)""",
    "CREATE TABLE metrics (run_id VARCHAR, name VARCHAR, value DOUBLE, PRIMARY KEY (run_id, name))",
    # who did what to which thing; detail: json
    """CREATE TABLE audit (
        sequence BIGINT PRIMARY KEY, at_ns BIGINT, actor VARCHAR, action VARCHAR, subject VARCHAR, detail VARCHAR)""",
)

_EVENTS = (
    # trades, quotes or actions of a symbol as they are now; parts: json list of (part, rows, start_ts, end_ts) in order of time
    """CREATE TABLE event_series (
        symbol VARCHAR, kind VARCHAR, venue VARCHAR, rows BIGINT, start_ts BIGINT, end_ts BIGINT, snapshot VARCHAR,
        parts VARCHAR, updated_ns BIGINT, PRIMARY KEY (symbol, kind))""",
    # every state they ever had; parts: json as above
    """CREATE TABLE event_snapshots (
        snapshot VARCHAR PRIMARY KEY, symbol VARCHAR, kind VARCHAR, venue VARCHAR, parts VARCHAR, rows BIGINT)""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = ((*_DATA, *_RUNS), _EVENTS)
VERSION = len(MIGRATIONS)


def stored_version(con: duckdb.DuckDBPyConnection) -> int:
    """Which schema the catalog has; 0 for an empty file."""
    known = con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'schema_version'").fetchall()
    if not known[0][0]:
        return 0
    return int(con.execute("SELECT max(version) FROM schema_version").fetchall()[0][0])


def migrate(con: duckdb.DuckDBPyConnection) -> None:
    """Bring the catalog to this version, inside the caller's transaction.

    Raises
    ------
    StoreError
        If a newer qt has written the catalog.
    """
    version = stored_version(con)
    if version > VERSION:
        raise StoreError(f"the catalog has schema {version}, this qt knows up to {VERSION}; use the newer qt")
    if version == VERSION:
        return
    con.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER)")
    for number in range(version, VERSION):
        for statement in MIGRATIONS[number]:
            con.execute(statement)
        con.execute("INSERT INTO schema_version VALUES (?)", [number + 1])
