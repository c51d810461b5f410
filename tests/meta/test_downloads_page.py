"""The page about downloads says what the tests prove."""

from tests import downloads_page


def test_the_page_is_up_to_date() -> None:
    """It is written from the tests, never by hand."""
    assert downloads_page.PAGE.read_text(encoding="utf-8") == downloads_page.page(), (
        "run script/downloads-page"
    )


def test_every_row_of_the_catalogue_has_a_test() -> None:
    """A fault that is listed and not tried may happen."""
    assert downloads_page.covered() == set(downloads_page.ROWS)
