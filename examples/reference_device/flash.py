"""Simulated flash: two slots per kind, switched at boot by one atomic write.

Only the flash is simulated. Everything a real device must keep over a power cut is kept
here as it would be in its settings: versions, the running upgrade, the unsent result.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import json
import logging
from pathlib import Path
from typing import Any

from .files import move_atomically, write_atomically
from .messages import Kind, Upgrade, read_upgrade
from .results import Report, ResultCode, UpgradeError

_LOGGER = logging.getLogger(__name__)


class FlashError(Exception):
    """The kept state cannot be read; a person has to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What a kind runs; `slot` is None for what the factory put there."""

    version: str
    slot: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that is kept, written as one file."""

    installed: Mapping[Kind, Image]
    staged: tuple[Kind, Image] | None = None
    upgrade: Upgrade | None = field(default=None, repr=False)
    result: Report | None = None


class Flash:
    """Images and kept state of one device in one folder."""

    def __init__(self, folder: Path, factory: Mapping[Kind, str]) -> None:
        """Open the folder; `factory` gives the versions of kinds it does not know yet.

        Raises FlashError when the kept state is damaged, OSError when the folder is unusable.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._file = folder / "flash.json"
        state = self._load()
        images = {kind: Image(version=version) for kind, version in factory.items()}
        self._state = replace(state, installed={**images, **state.installed})
        self._save(self._state)

    @property
    def versions(self) -> dict[Kind, str]:
        """Return the running version of each kind."""
        return {kind: image.version for kind, image in self._state.installed.items()}

    @property
    def upgrade(self) -> Upgrade | None:
        """Return the upgrade that is under way."""
        return self._state.upgrade

    @property
    def result(self) -> Report | None:
        """Return the result that the broker has not acknowledged yet."""
        return self._state.result

    def begin(self, upgrade: Upgrade) -> None:
        """Keep an upgrade (or its renewed grant), so that a restart goes on with it."""
        self._save(replace(self._state, upgrade=upgrade, result=None))

    def fail(self, result: Report) -> None:
        """End the running upgrade and keep its result until it is acknowledged."""
        self._save(replace(self._state, upgrade=None, staged=None, result=result))

    def acknowledge(self) -> None:
        """Forget the result: the broker has it."""
        self._save(replace(self._state, result=None))

    def stage(self, upgrade: Upgrade, package: Path) -> None:
        """Put a verified package into the free slot; raises UpgradeError when that fails."""
        slot = "b" if self._state.installed[upgrade.kind].slot == "a" else "a"
        image = Image(version=upgrade.version, slot=slot, sha256=upgrade.sha256)
        try:
            move_atomically(package, self.image_path(upgrade.kind, slot))
            self._save(replace(self._state, staged=(upgrade.kind, image)))
        except OSError as err:
            reason = f"package could not be written to the flash: {err}"
            raise UpgradeError(ResultCode.INSTALLATION_FAILED, reason) from err

    def boot(self, *, roll_back: bool = False) -> Kind | None:
        """Switch a staged image into place, as a boot loader does; return its kind.

        `roll_back` plays the image that does not start: the old one runs again, and nothing
        tells of the new one.
        """
        if self._state.staged is None:
            return None
        kind, image = self._state.staged
        if roll_back:
            _LOGGER.warning("%s %s does not start: rolled back", kind, image.version)
            self._save(replace(self._state, staged=None, upgrade=None))
            return kind
        result = Report(
            result_code=ResultCode.SUCCESS,
            version=image.version,
            progress=100,
            description="upgrade success",
        )
        installed = {**self._state.installed, kind: image}
        self._save(State(installed=installed, result=result))
        _LOGGER.info("%s %s started from slot %s", kind, image.version, image.slot)
        return kind

    def image_path(self, kind: Kind, slot: str) -> Path:
        """Return the file that plays a slot of the flash."""
        return self.folder / f"{kind}.{slot}.bin"

    def _load(self) -> State:
        """Read the kept state; a new device has none."""
        try:
            return _state_from_dict(json.loads(self._file.read_bytes()))
        except FileNotFoundError:
            return State(installed={})
        except (ValueError, KeyError, TypeError, AttributeError, UpgradeError) as err:
            msg = f"{self._file} is damaged ({err}); remove it to go back to factory versions"
            raise FlashError(msg) from err

    def _save(self, state: State) -> None:
        """Write the state before anyone acts on it."""
        write_atomically(self._file, json.dumps(_state_as_dict(state), indent=2).encode())
        self._state = state


def _state_as_dict(state: State) -> dict[str, Any]:
    """Return the state for its file."""
    staged, upgrade, result = state.staged, state.upgrade, state.result
    return {
        "installed": {kind: _image_as_dict(image) for kind, image in state.installed.items()},
        "staged": staged and {"kind": staged[0], **_image_as_dict(staged[1])},
        "upgrade": upgrade and {"kind": upgrade.kind, **upgrade.as_paras()},
        "result": result
        and {
            "result_code": int(result.result_code),
            "version": result.version,
            "progress": result.progress,
            "description": result.description,
        },
    }


def _state_from_dict(data: dict[str, Any]) -> State:
    """Return the state from its file; raises what Python raises on damaged data."""
    staged, upgrade, result = data["staged"], data["upgrade"], data["result"]
    return State(
        installed={Kind(kind): _image(image) for kind, image in data["installed"].items()},
        staged=staged and (Kind(staged["kind"]), _image(staged)),
        upgrade=upgrade and read_upgrade(Kind(upgrade["kind"]), upgrade),
        result=result and Report(**{**result, "result_code": ResultCode(result["result_code"])}),
    )


def _image_as_dict(image: Image) -> dict[str, str | None]:
    """Return an image for the state file."""
    return {"version": image.version, "slot": image.slot, "sha256": image.sha256}


def _image(data: dict[str, Any]) -> Image:
    """Return an image from the state file."""
    return Image(version=data["version"], slot=data["slot"], sha256=data["sha256"])
