"""Writes docs/downloads.md from the tests that prove what it says.

script/downloads-page           writes the page
script/downloads-page --check   only says whether it is up to date
"""

from collections.abc import Iterator
import inspect
import re
import sys
from types import ModuleType

from tests.clients import test_download_clients as clients
from tests.depot import (
    test_catalogue_load as load,
    test_catalogue_range as ranges,
    test_catalogue_tls as tls,
    test_catalogue_tokens as tokens,
)
from tests.meta.files import ROOT

PAGE = ROOT / "docs" / "downloads.md"
CATALOGUE = (ranges, tls, tokens, load)
# R transport and ranges, T tokens, L load: the rows that the catalogue has.
ROWS = (*(f"R{n}" for n in range(1, 16)), *(f"T{n}" for n in range(1, 10)),
        *(f"L{n}" for n in range(1, 6)))  # fmt: skip

_NAME = re.compile(r"test((?:_[rtl]\d+)+)_(.+)")
_WAYS = {
    "Bearer": "`Authorization: Bearer`",
    "password": "Basic password",
    "query": "`?token=`",
}
_INTRODUCTION = """\
# Downloads

What the depot answers, which clients it serves, and what it withstands. Each line below stands for
a test against a real depot process over sockets; the page is written from those tests by
`script/downloads-page`, and a test sees that it is up to date.

How devices download, with which token and from which URL, is in the
[handbook of the depot](../addon/DOCS.md).
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([_INTRODUCTION, *_clients(), "", *_conformance(), "", *_catalogue(), ""])


def covered() -> set[str]:
    """Return the rows of the catalogue that have a test."""
    return {row for rows, _, _ in _tests() for row in rows}


def main() -> int:
    """Write the page, or say whether it is up to date."""
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    return int(PAGE.read_text(encoding="utf-8") != page())


def _clients() -> Iterator[str]:
    """Yield the client matrix."""
    yield "## Clients"
    yield ""
    yield "Each downloads whole and through a connection cut in the middle; the SHA-256 is compared, and"
    yield "what the proxy in between counted shows that nothing began again. Programs and libraries are"
    yield "the real ones; of device SDKs and firmware the request is copied byte for byte, and after a cut"
    yield "it has a Range line more."
    yield ""
    yield f"| client | token as | {' | '.join(each.upper() for each in clients.SCHEMES)} | after a cut |"
    yield "|---|---|---|---|---|"
    for client in clients.CLIENTS:
        served = " | ".join("whole, cut" for _ in clients.SCHEMES)
        yield f"| {client.name} | {_WAYS[client.token]} | {served} | {client.resumes} |"


def _conformance() -> Iterator[str]:
    """Yield the table of requests and answers."""
    size = ranges.SIZE
    yield "## Conditions and ranges"
    yield ""
    yield f"The answers of RFC 9110 sections 13 and 14, for a package of {size} bytes. `{{etag}}` is its strong"
    yield "entity tag (the SHA-256) and `{date}` its `Last-Modified`."
    yield ""
    yield "| request | answer | because |"
    yield "|---|---|---|"
    for row in ranges.CONFORMANCE:
        yield f"| {row.asked} | {_answer(row)} | {row.rule} |"


def _answer(row: ranges.Row) -> str:
    """Return what a request is answered with."""
    start, end = row.part
    match row.status:
        case 206:
            return f"206, `{start}-{end - 1}/{ranges.SIZE}`"
        case 416:
            return f"416, `*/{ranges.SIZE}`"
        case 200:
            return "200, the header alone" if row.method == "HEAD" else "200, the whole package"
        case _:
            return str(row.status)


def _catalogue() -> Iterator[str]:
    """Yield the table of faults and attacks."""
    yield "## Faults and attacks"
    yield ""
    yield "R is transport and ranges, T tokens, L load. What was measured under full load is in the"
    yield "benchmarks; the tests of L are smaller and have bounds that a busy machine keeps, too."
    yield ""
    yield "| row | what happens | what holds |"
    yield "|---|---|---|"
    for rows, what, holds in sorted(_tests(), key=lambda test: ROWS.index(test[0][0])):
        yield f"| {', '.join(rows)} | {what} | {holds} |"


def _tests() -> Iterator[tuple[list[str], str, str]]:
    """Yield rows, name and docstring of each test of the catalogue, in the order of the files."""
    for module in CATALOGUE:
        for name, function in _functions(module):
            if found := _NAME.fullmatch(name):
                rows = [f"{each[0].upper()}{int(each[1:])}" for each in found[1][1:].split("_")]
                words = found[2].replace("_", " ").replace("rfc 9110", "RFC 9110")
                for short in ("http", "tls", "api", "ipv4", "url", "ascii", "cpu"):
                    words = re.sub(rf"\b{short}(s?)\b", rf"{short.upper()}\1", words)
                words = words.replace("IPV4", "IPv4")
                yield rows, words, (function.__doc__ or "").strip().partition("\n")[0]


def _functions(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Yield the functions that a module itself has, in the order of its text."""
    found = [
        (name, function)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
    ]
    yield from sorted(found, key=lambda each: each[1].__code__.co_firstlineno)


if __name__ == "__main__":
    sys.exit(main())
