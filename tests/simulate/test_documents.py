"""The page for makers says what the command does."""

from argparse import ArgumentParser

from mqtt_ota_simulate.command import add_parser
from mqtt_ota_simulate.fault import ABOUT
from mqtt_ota_simulate.personality import PERSONALITIES
from tests.documents import code_spans, table

DOCUMENT = "docs/simulate.md"


def test_personalities() -> None:
    """The table has each, with the words of the list."""
    assert table(DOCUMENT, "Personalities") == [
        [f"`{name}`", personality.about] for name, personality in PERSONALITIES.items()
    ]


def test_faults() -> None:
    """The table has each, with the words of the list."""
    assert table(DOCUMENT, "Faults") == [[f"`{fault}`", about] for fault, about in ABOUT.items()]


def test_options() -> None:
    """The table has every option."""
    parser = ArgumentParser(add_help=False)
    add_parser(parser)
    documented = [option for row in table(DOCUMENT, "Options") for option in code_spans(row[0])]
    known = [option for action in parser._actions for option in action.option_strings]
    assert sorted(documented) == sorted(known)
