"""The documents of the repository: their code blocks, tables and links, and which test runs what."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
import re
import textwrap

import pytest

from tests.meta.files import ROOT, repository_files, text_of

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=indent)(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)
_CODE_SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A fenced block of a document."""

    document: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        """Name the block in a failure."""
        return f"{self.document}:{self.line} ({self.language or 'no language'})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A test's word that it runs the one block of a document which contains a phrase."""

    document: str
    phrase: str
    test: str

    def block(self) -> Block:
        """Return the block; fails where the document has none or several."""
        found = [block for block in blocks() if self.fits(block)]
        assert len(found) == 1, (
            f"{self.test} runs the block of {self.document} with {self.phrase!r}: "
            f"there are {len(found)} of them. Adapt the phrase, or remove the test."
        )
        return found[0]

    def fits(self, block: Block) -> bool:
        """Return whether a block is meant."""
        return block.document == self.document and self.phrase in block.text


CLAIMS: list[Claim] = []


def runs[**P](
    document: str, phrase: str, argument: str = "claim"
) -> Callable[[Callable[P, object]], Callable[P, object]]:
    """Give a test, as an argument, the block that it runs."""

    def claim_for(test: Callable[P, object]) -> Callable[P, object]:
        """Remember who runs the block."""
        claim = Claim(document=document, phrase=phrase, test=f"{test.__module__}.{test.__name__}")
        CLAIMS.append(claim)
        return pytest.mark.parametrize(argument, [pytest.param(claim, id=phrase)])(test)

    return claim_for


@cache
def documents() -> dict[str, str]:
    """Return the text of every document by its path."""
    return {
        str(file.relative_to(ROOT)): text_of(file)
        for file in repository_files()
        if file.suffix == ".md"
    }


@cache
def blocks() -> tuple[Block, ...]:
    """Return every fenced block of every document."""
    return tuple(
        Block(
            document=document,
            line=text.count("\n", 0, found.start()) + 1,
            language=found["language"].strip(),
            text=textwrap.dedent(found["text"]),
        )
        for document, text in documents().items()
        for found in _FENCE.finditer(text)
    )


def prose(document: str) -> str:
    """Return a document without its fenced blocks."""
    return _FENCE.sub("", documents()[document])


def code_spans(text: str) -> list[str]:
    """Return what a text sets as code."""
    return _CODE_SPAN.findall(text)


def section(document: str, heading: str) -> str:
    """Return what stands below a heading, down to the next one."""
    found = re.search(
        rf"^#+ {re.escape(heading)}\n(?P<text>.*?)(?=^#+ |\Z)",
        prose(document),
        re.DOTALL | re.MULTILINE,
    )
    assert found, f"{document} has no heading {heading!r}"
    return found["text"]


def table(document: str, heading: str) -> list[list[str]]:
    """Return the rows of the first table below a heading, without its head."""
    rows = re.search(r"(?:^\|.*\n)+", section(document, heading), re.MULTILINE)
    assert rows, f"{document} has no table below {heading!r}"
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]
        for row in rows[0].splitlines()[2:]
    ]
