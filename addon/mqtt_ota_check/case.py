"""What a case is, and what comes out of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from .bench import Bench


class Outcome(StrEnum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What we saw; for a failure also why it is likely so and how to fix it."""

    outcome: Outcome
    saw: str
    remark: str = ""
    reason: str = ""
    remedy: str = ""

    def remarked(self, remark: str) -> Verdict:
        """Return the verdict with another remark."""
        return replace(self, remark="; ".join(filter(None, (self.remark, remark))))


class Group(StrEnum):
    """What a case is about."""

    CONVERSATION = "conversation"
    REFUSALS = "refusals"
    INTERRUPTIONS = "interruptions"
    SERVERS = "server misbehaviour"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that a device must do, as data; `needs` names cases that must pass before."""

    name: str
    title: str
    group: Group
    expected: str
    run: Callable[[Bench], Awaitable[Verdict]]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A case with its verdict, how long it took in seconds, and what happened in order."""

    case: Case
    verdict: Verdict
    seconds: float
    history: tuple[str, ...]


def passed(saw: str, remark: str = "") -> Verdict:
    """Return the verdict of a device that does what is expected."""
    return Verdict(outcome=Outcome.PASSED, saw=saw, remark=remark)


def failed(saw: str, *, reason: str, remedy: str) -> Verdict:
    """Return the verdict of a device that does something else."""
    return Verdict(outcome=Outcome.FAILED, saw=saw, reason=reason, remedy=remedy)


def skipped(why: str) -> Verdict:
    """Return the verdict of a case that could not be tried."""
    return Verdict(outcome=Outcome.SKIPPED, saw=why)
