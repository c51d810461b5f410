"""Builds the files that Home Assistant and the Supervisor read from the one source of all texts."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import json
from pathlib import Path
import re
import sys
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
type Texts = Mapping[str, Any]

# Home Assistant's own notation for "the same as there"; custom integrations may not ship it.
REFERENCE = re.compile(r"\[%key:([\w:-]+)%\]")


class SourceError(Exception):
    """A file in translations/ cannot be used; the message names it and the remedy."""


def as_json(texts: Texts) -> str:
    """Return texts in the form of Home Assistant."""
    return json.dumps(texts, ensure_ascii=False, indent=2) + "\n"


def as_yaml(texts: Texts) -> str:
    """Return texts in the form of the Supervisor; long lines stay whole, so that a diff shows sentences."""
    return yaml.safe_dump(texts, allow_unicode=True, sort_keys=False, width=10_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where one section of the source goes, and in which form."""

    folder: str
    suffix: str
    render: Callable[[Texts], str]


TARGETS = {
    "integration": Target(
        folder="custom_components/mqtt_ota/translations", suffix=".json", render=as_json
    ),
    "app": Target(folder="addon/translations", suffix=".yaml", render=as_yaml),
    "page": Target(folder="addon/page/src/translations", suffix=".json", render=as_json),
}


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Build or check all files; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail on a difference")
    check = parser.parse_args(arguments).check
    try:
        wanted = wanted_files(root)
    except SourceError as err:
        print(f"Error: {err}", file=sys.stderr)
        return 1
    differing = differing_files(root, wanted)
    if check:
        for path in differing:
            print(
                f"Error: {path.relative_to(root)} differs from translations/; "
                "change the text there and run script/translations",
                file=sys.stderr,
            )
        return 1 if differing else 0
    for path in differing:
        update_file(path, wanted.get(path))
        print(f"updated {path.relative_to(root)}")
    return 0


def wanted_files(root: Path) -> dict[Path, str]:
    """Return what each built file must hold; raises SourceError."""
    files: dict[Path, str] = {}
    for source in sorted((root / "translations").glob("*.json")):
        content = read_source(source)
        for section, unresolved in content.items():
            texts = resolved(unresolved, content, source.name)
            if not texts:
                continue
            target = TARGETS[section]
            files[root / target.folder / f"{source.stem}{target.suffix}"] = target.render(texts)
    return files


def read_source(path: Path) -> dict[str, Texts]:
    """Return the sections of one language; raises SourceError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=unique_keys)
    except ValueError as err:
        msg = f"translations/{path.name}: {err}; mend that place"
        raise SourceError(msg) from err
    if not isinstance(content, dict) or not all(
        isinstance(part, dict) for part in content.values()
    ):
        msg = f"translations/{path.name} must hold objects only, one per section: {sections()}"
        raise SourceError(msg)
    if unknown := content.keys() - TARGETS.keys():
        msg = (
            f"translations/{path.name} has unknown sections {sorted(unknown)}; known: {sections()}"
        )
        raise SourceError(msg)
    return content


def resolved(node: Any, content: Texts, file_name: str, via: tuple[str, ...] = ()) -> Any:
    """Return a text or an object with every reference replaced; raises SourceError."""
    if isinstance(node, dict):
        return {key: resolved(value, content, file_name, via) for key, value in node.items()}
    if not (isinstance(node, str) and (match := REFERENCE.fullmatch(node))):
        return node
    path = match[1]
    target: Any = content
    for key in path.split("::"):
        target = target.get(key) if isinstance(target, dict) else None
    if target is None or path in via:
        fault = "leads back to itself" if path in via else "leads nowhere"
        msg = f"translations/{file_name}: the reference to {path} {fault}; mend it"
        raise SourceError(msg)
    return resolved(target, content, file_name, (*via, path))


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return pairs as a dict; raises ValueError where JSON would silently drop a text."""
    texts: dict[str, Any] = {}
    for key, value in pairs:
        if key in texts:
            msg = f"the key {key!r} stands twice in one object"
            raise ValueError(msg)
        texts[key] = value
    return texts


def sections() -> str:
    """Return the names of the known sections for a message."""
    return ", ".join(TARGETS)


def differing_files(root: Path, wanted: Mapping[Path, str]) -> list[Path]:
    """Return files to be written, and built files of which the source is gone."""
    built = {
        path
        for target in TARGETS.values()
        for path in (root / target.folder).glob(f"*{target.suffix}")
    }
    return sorted(
        path
        for path in built | wanted.keys()
        if path not in built or path.read_text(encoding="utf-8") != wanted.get(path)
    )


def update_file(path: Path, content: str | None) -> None:
    """Write a built file, or remove it when nothing is wanted there."""
    if content is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
