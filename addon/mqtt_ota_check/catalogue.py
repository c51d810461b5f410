"""All cases in the order in which they are run, and the choice among them."""

from collections.abc import Sequence
from typing import Final

from . import conversation, interruptions, refusals, servers
from .case import Case

# Cases stand behind those that they need.
CASES: Final[tuple[Case, ...]] = (
    *conversation.CASES,
    *interruptions.CASES,
    *refusals.CASES,
    *servers.CASES,
)


class UnknownCaseError(ValueError):
    """There is no case of this name."""


def chosen(names: Sequence[str]) -> list[Case]:
    """Return the named cases and what they need, in order; without names all cases."""
    by_name = {case.name: case for case in CASES}
    wanted = set(names or by_name)
    for name in names:
        if name not in by_name:
            msg = f"there is no case {name!r}; --list shows all"
            raise UnknownCaseError(msg)
    pending = list(wanted)
    while pending:
        for needed in by_name[pending.pop()].needs:
            if needed not in wanted:
                wanted.add(needed)
                pending.append(needed)
    return [case for case in CASES if case.name in wanted]
