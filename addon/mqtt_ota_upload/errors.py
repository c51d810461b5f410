"""Why an upload did not come about."""

from mqtt_ota_depot.problems import ProblemKind


class UploadError(Exception):
    """An upload failed; the text says why and what to do."""


class OptionsError(UploadError):
    """An option or a file cannot be meant; says which and what to give instead."""


class UnusableError(UploadError):
    """No depot that can be trusted and understood is at the address."""


class LostError(UnusableError):
    """The depot went away or failed; another try may succeed."""


class RefusedError(UploadError):
    """The depot does not take the package; `kind` is that of its problem, if it told one."""

    def __init__(self, reason: str, kind: ProblemKind | None = None) -> None:
        """Keep what the depot told."""
        super().__init__(reason)
        self.kind = kind
