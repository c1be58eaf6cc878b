"""Which layout a table has, told from the names of its columns alone.

Names are compared without regard to letter case, blanks, underscores and angle brackets. Columns that are not needed
(adjusted close, number of trades, …) may be there and are not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qt_engine.core.errors import InputError
from qt_engine.core.text import plain
from qt_engine.data.market import FIELDS

BINANCE_COLUMNS = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count", "taker_buy_volume",
    "taker_buy_quote_volume", "ignore",
)  # fmt: skip
"""The columns of Binance's kline files, which older ones do not name."""

_TIMES = (
    "timestamp", "datetime", "opentime", "date", "time", "transacttime", "tradetime", "ts", "unix", "index", "indexlevel0",
    "unnamed0", "",
)  # fmt: skip
"""What the column of times may be called, the surest name first. A nameless one must be the first column."""
_SYMBOLS = ("ticker", "symbol")


@dataclass(frozen=True)
class Form:
    """What a table holds beside its times.

    Attributes
    ----------
    what
        What its rows are, in the plural.
    fields
        What each column may be called, the surest name first.
    optional
        Columns that need not be there.
    texts
        Columns that hold text; all others hold numbers.
    """

    what: str
    fields: Mapping[str, tuple[str, ...]]
    optional: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


BARS = Form("bars", {**{name: (name,) for name in FIELDS}, "volume": ("volume", "vol")})
TRADES = Form(
    "trades",
    {
        "price": ("price", "px", "tradeprice"),
        "size": ("size", "quantity", "qty", "amount", "volume", "vol"),
        "id": ("id", "tradeid", "aggtradeid"),
    },
    optional=("id",),
    texts=("id",),
)
QUOTES = Form(
    "quotes",
    {
        "bid": ("bid", "bidprice", "bidpx", "bestbid", "bestbidprice"),
        "ask": ("ask", "askprice", "askpx", "bestask", "bestaskprice", "offer"),
        "bid_size": ("bidsize", "bidqty", "bidquantity", "bestbidqty", "bidamount", "bidvolume"),
        "ask_size": ("asksize", "askqty", "askquantity", "bestaskqty", "askamount", "askvolume", "offersize"),
    },
    optional=("bid_size", "ask_size"),
)
ACTIONS = Form(
    "actions",
    {"kind": ("kind", "type", "action", "event"), "value": ("value", "amount", "ratio", "rate")},
    texts=("kind",),
)


@dataclass(frozen=True)
class Layout:
    """Where things stand in a table.

    Attributes
    ----------
    name
        `yahoo`, `stooq`, `binance` or `plain`.
    time
        Position of the column of times.
    clock
        Position of a column with the time of day, if it stands apart from the date.
    is_date
        Whether `time` is called a date, so that eight digits in it are a day and no epoch.
    symbol
        Position of a column that names the symbol in every row.
    fields
        Position of each column of the form that is there.
    """

    name: str
    time: int
    clock: int | None
    is_date: bool
    symbol: int | None
    fields: Mapping[str, int]


def recognise(columns: Sequence[str], file: str, line: int | None, form: Form = BARS) -> Layout:
    """The layout of a table with these column names, which stand on that line.

    Raises
    ------
    InputError
        If a needed column is missing or there twice.
    """
    keys = [_key(column) for column in columns]
    times = [name for name in _TIMES if name in keys and (name or keys.index(name) == 0)]
    found = {field: next((name for name in names if name in keys), None) for field, names in form.fields.items()}
    missing = [field for field, name in found.items() if name is None and field not in form.optional]
    if not times:
        missing.insert(0, "timestamp")
    if missing:
        present = ", ".join(plain(column, 40) for column in columns[:20])
        what = "column" if len(missing) == 1 else "columns"
        raise InputError(
            f"{what} missing: {', '.join(missing)}; found {present or 'none'}", file=file, line=line, column=missing[0]
        )
    chosen = {field: name for field, name in found.items() if name is not None}
    for name in (times[0], *chosen.values()):
        if keys.count(name) > 1:
            column = [i for i, key in enumerate(keys) if key == name][1]
            raise InputError("stands twice; keep one", file=file, line=line, column=plain(columns[column]))
    is_date = times[0] == "date"
    symbol = next((keys.index(name) for name in _SYMBOLS if name in keys), None)
    clock = keys.index("time") if is_date and "time" in keys else None
    positions = {field: keys.index(name) for field, name in chosen.items()}
    return Layout(_name(columns, keys), keys.index(times[0]), clock, is_date, symbol, positions)


def is_headless_binance(row: Sequence[str]) -> bool:
    """Whether a first row is already one of Binance's klines."""
    return len(row) == len(BINANCE_COLUMNS) and all(re.fullmatch(r"\s*\d+(\.\d*)?\s*", cell) for cell in row)


def is_stacked_yahoo(row: Sequence[str]) -> bool:
    """Whether a first row begins the three heading rows that the yfinance library writes: Price, Ticker, Date."""
    return bool(row) and _key(row[0]) == "price" and "close" in map(_key, row)


def _key(column: str) -> str:
    return re.sub(r"[\W_]+", "", column.strip().lower())


def _name(columns: Sequence[str], keys: Sequence[str]) -> str:
    if any(column.strip().startswith("<") for column in columns):
        return "stooq"
    if "opentime" in keys and "closetime" in keys:
        return "binance"
    return "yahoo" if "adjclose" in keys or "stocksplits" in keys else "plain"
