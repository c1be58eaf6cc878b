"""`qt data`: import market data and look at what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qt_engine.cli.context import workspace
from qt_engine.cli.output import print_json, print_line, print_table
from qt_engine.core.clock import iso
from qt_engine.core.errors import InputError
from qt_engine.core.text import plain

if TYPE_CHECKING:
    from qt_engine.data.series import EventInfo, EventReport, ImportReport, SeriesInfo

app = typer.Typer(help="Import and look at market data.", add_completion=False, rich_markup_mode=None)

_SAMPLE = "sample"
_BARS = "bars"
_PAGE = 20
_LISTED = 10
EVENT_KINDS = ("trades", "quotes", "actions")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Symbol = Annotated[str, typer.Argument(help="A stored symbol.", show_default=False)]
Interval = Annotated[str | None, typer.Option("--interval", help="Length of a bar; the only stored one if not given.")]


@app.command("import")
def import_data(
    context: typer.Context,
    file: Annotated[str | None, typer.Argument(help="A CSV or Parquet file, or `sample`.", show_default=False)] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="The symbol its rows belong to.")] = None,
    kind: Annotated[str, typer.Option("--kind", help="What its rows are: bars, trades, quotes or actions.")] = _BARS,
    interval: Annotated[str | None, typer.Option("--interval", help="Length of a bar, such as 1d or 5m.")] = None,
    tz: Annotated[str | None, typer.Option("--tz", help="IANA zone of times without offset; UTC if not given.")] = None,
    venue: Annotated[str | None, typer.Option("--venue", help="Where it trades, such as XNYS or 24/7.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let rows take the place of different stored ones.")
    ] = False,
    sample: Annotated[bool, typer.Option("--sample", help="Import the real daily bars that come with qt.")] = False,
    json: Json = False,
) -> None:
    """Import a file of bars, trades, quotes or corporate actions, all of it or nothing: CSV or Parquet."""
    if sample or (file == _SAMPLE and symbol is None and not Path(_SAMPLE).exists()):
        if sample and file not in (None, _SAMPLE):
            raise InputError("give a file or --sample, not both")
        reports = workspace(context).data.import_sample()
        if json:
            print_json([report.as_json() for report in reports])
        else:
            _show(reports)
        return
    if file is None:
        raise InputError("name a file to import, or use --sample")
    if kind != _BARS:
        _import_events(context, file, symbol, interval, kind, tz=tz, venue=venue, replace=replace, json=json)
        return
    missing = [name for name, value in (("--symbol", symbol), ("--interval", interval)) if value is None]
    if symbol is None or interval is None:
        raise InputError(
            f"{' and '.join(missing)} missing; for example: qt data import FILE --symbol AAPL --interval 1d"
        )
    report = workspace(context).data.import_file(
        file, symbol=symbol, interval=interval, tz=tz, venue=venue, replace=replace
    )
    if json:
        print_json(report.as_json())
    else:
        _show([report])


def _import_events(
    context: typer.Context, file: str, symbol: str | None, interval: str | None, kind: str, *,
    tz: str | None, venue: str | None, replace: bool, json: bool,
) -> None:  # fmt: skip
    from qt_engine.data.events import checked_kind

    checked_kind(kind)
    if interval is not None:
        raise InputError(f"{kind} have no interval; leave --interval away")
    if symbol is None:
        raise InputError(f"--symbol missing; for example: qt data import FILE --symbol AAPL --kind {kind}")
    report = workspace(context).data.import_events(file, symbol=symbol, kind=kind, tz=tz, venue=venue, replace=replace)
    if json:
        print_json(report.as_json())
    else:
        _show([report])


@app.command("list")
def list_series(context: typer.Context, json: Json = False) -> None:
    """List what is stored."""
    data = workspace(context).data
    series = data.series()
    if json:
        print_json([info.as_json() for info in series])
        return
    events = data.event_series()
    if not series and not events:
        print_line("Nothing is stored yet: qt data import FILE, or qt data import --sample")
        return
    if series:
        _print_series(series)
    if events:
        _print_event_series(events)


def _print_series(series: Sequence[SeriesInfo]) -> None:
    print_table(
        ["symbol", "interval", "venue", "rows", "start", "end", "last", "change %"],
        [
            (one.symbol, one.interval, one.venue, one.rows, _day(one.start_ts), _day(one.end_ts), one.last_close,
             f"{100 * one.change:+.2f}")
            for one in series
        ],
        right=("rows", "last", "change %"),
    )  # fmt: skip


def _print_event_series(found: Sequence[EventInfo]) -> None:
    rows = [(one.symbol, one.kind, one.venue, one.rows, _day(one.start_ts), _day(one.end_ts)) for one in found]
    print_table(["symbol", "events", "venue", "rows", "start", "end"], rows, right=["rows"])


@app.command()
def bars(
    context: typer.Context,
    symbol: Symbol,
    interval: Interval = None,
    start: Annotated[str | None, typer.Option("--start", help="First date or time (UTC).")] = None,
    end: Annotated[str | None, typer.Option("--end", help="Last date or time (UTC), inclusive.")] = None,
    offset: Annotated[int | None, typer.Option("--offset", help="Bars to skip; the last page if not given.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="Bars to show.")] = _PAGE,
    resample: Annotated[
        str | None, typer.Option("--resample", help="Make bars of this interval from finer bars, trades or quotes.")
    ] = None,
    json: Json = False,
) -> None:
    """Show stored bars, or bars made of them."""
    data = workspace(context).data
    if offset is None:
        total = data.bars(symbol, interval, start=start, end=end, limit=0, resample=resample).total
        offset = max(0, total - limit)
    page = data.bars(symbol, interval, start=start, end=end, offset=offset, limit=limit, resample=resample)
    columns = ("open", "high", "low", "close", "volume")
    values = zip(page.ts.tolist(), *(getattr(page, name).tolist() for name in columns), strict=True)
    rows = [(iso(ts), *prices) for ts, *prices in values]
    if json:
        named = [dict(zip(("time", *columns), row, strict=True)) for row in rows]
        print_json(
            {
                "symbol": page.symbol,
                "interval": page.interval,
                "total": page.total,
                "offset": page.offset,
                "bars": named,
            }
        )
        return
    print_table(["time", *columns], rows, right=columns)
    print_line(f"{page.offset + 1 if rows else 0} to {page.offset + len(rows)} of {page.total} bars")


@app.command()
def events(
    context: typer.Context,
    symbol: Annotated[
        str | None, typer.Argument(help="A stored symbol; all of them if not given.", show_default=False)
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="trades, quotes or actions; the only stored one if not given.")
    ] = None,
    start: Annotated[str | None, typer.Option("--start", help="First date or time (UTC).")] = None,
    end: Annotated[str | None, typer.Option("--end", help="Last date or time (UTC), inclusive.")] = None,
    offset: Annotated[int | None, typer.Option("--offset", help="Events to skip; the last page if not given.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="Events to show.")] = _PAGE,
    json: Json = False,
) -> None:
    """Show stored trades, quotes or corporate actions; without a symbol, of which there are any."""
    data = workspace(context).data
    if symbol is None:
        if kind not in (None, *EVENT_KINDS):
            raise InputError(f"--kind {plain(kind, 40)} is not known; use trades, quotes or actions")
        found = [one for one in data.event_series() if kind in (None, one.kind)]
        if json:
            print_json([one.as_json() for one in found])
        elif found:
            _print_event_series(found)
        else:
            print_line("No events are stored; import some: qt data import FILE --symbol X --kind trades")
        return
    if offset is None:
        total = data.events(symbol, kind, start=start, end=end, limit=0).total
        offset = max(0, total - limit)
    page = data.events(symbol, kind, start=start, end=end, offset=offset, limit=limit)
    rows = page.rows()
    if json:
        print_json(
            {"symbol": page.symbol, "kind": page.kind, "total": page.total, "offset": page.offset, "events": rows}
        )
        return
    names = list(page.columns if page.kind != "actions" else ("time", "kind", "value"))
    names[0] = "time"
    numbers = [name for name in names if name not in ("time", "kind")]
    print_table(names, [[row[name] for name in names] for row in rows], right=numbers)
    print_line(f"{page.offset + 1 if rows else 0} to {page.offset + len(rows)} of {page.total} {page.kind}")


@app.command()
def quality(context: typer.Context, symbol: Symbol, interval: Interval = None, json: Json = False) -> None:
    """Show what looks wrong in stored bars: gaps, duplicates, outliers, stale prices."""
    report = workspace(context).data.quality(symbol, interval)
    if json:
        print_json(report.as_json())
        return
    found = [
        ("gap", iso(gap.start_ts), iso(gap.end_ts), f"{gap.missing} bars missing") for gap in report.gaps[:_LISTED]
    ]
    found += [("duplicate", iso(ts), "", "stands more than once") for ts in report.duplicates[:_LISTED]]
    found += [
        ("outlier", iso(one.ts), "", f"log return {one.log_return:+.4f}, {one.score:.1f} robust deviations")
        for one in report.outliers[:_LISTED]
    ]
    found += [("stale", iso(run.start_ts), iso(run.end_ts), f"{run.bars} bars alike") for run in report.stale[:_LISTED]]
    print_line(f"{report.symbol} {report.interval}: {report.rows} bars, held against {report.calendar}")
    print_line(
        f"{len(report.gaps)} gaps ({report.missing} bars missing), {len(report.duplicates)} duplicates, "
        f"{len(report.outliers)} outliers, {len(report.stale)} stale runs"
    )
    if found:
        print_table(["what", "from", "to", "detail"], found)
    if any(len(kind) > _LISTED for kind in (report.gaps, report.duplicates, report.outliers, report.stale)):
        print_line(f"the first {_LISTED} of each kind are shown; --json has more")


def _show(reports: Sequence[ImportReport | EventReport]) -> None:
    what = "interval" if hasattr(reports[0], "interval") else "kind"
    print_table(
        ["symbol", what, "rows", "new", "duplicates", "start", "end", "snapshot"],
        [
            (
                one.symbol,
                getattr(one, what),
                one.rows,
                one.new_rows,
                one.duplicates,
                one.start,
                one.end,
                one.snapshot[:12],
            )
            for one in reports
        ],
        right=("rows", "new", "duplicates"),
    )
    for report in reports:
        for issue in report.issues:
            print_line(f"{report.symbol}: {issue}")


def _day(ts: int) -> str:
    return iso(ts)[:10]
