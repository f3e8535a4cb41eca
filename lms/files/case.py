"""Skills and their order from a CASE 1.0 or 1.1 package: CFItems, and the CFAssociations between them.

Source: 1EdTech CASE, CFPackage. `A precedes B`: B needs A. `A isChildOf B`: B is A's strand. `A exactMatchOf X`, with X
in another document: X is one more name of A. An item is a skill unless it is a heading: its type
says so or, where it has no code, its children do. A code that two items have names neither; each has its identifier.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from lms.files.bundle import Bundle
from lms.files.json_toml import json_object
from lms.files.oneroster import grade_of
from lms.files.problem import Severity, SourceLocation
from lms.files.rows import PrerequisiteRow, SkillRow

_HEADINGS = frozenset(
    {"category", "cluster", "conceptual category", "course", "domain", "grade", "grade level", "heading", "strand"}
    | {"subject", "topic", "unit"}
)
_TITLE = 500
_LABELS = frozenset({"origin", "destination", "source", "target", "cfitem", "item", "node", "standard", "uri"})
"""What exports write in the place of a title: a label of the node, and no name of anything."""
_LINKS = ("isChildOf", "precedes", "exactMatchOf")


def package(file: str, body: bytes, into: Bundle) -> None:
    """Read a package's skills, their prerequisites and their other names."""
    document = json_object(file, body, into)
    if document is None:
        return
    inner = document.get("CFPackage", document)
    reader = _Package(file, into)
    reader.items(_objects(inner.get("CFItems") if isinstance(inner, dict) else None, "/CFItems", reader))
    if isinstance(inner, dict) and inner.get("CFAssociations"):
        reader.links(_objects(inner["CFAssociations"], "/CFAssociations", reader))
    reader.finish()


class _Package:
    """One package while it is read: items by identifier, and what links them."""

    def __init__(self, file: str, into: Bundle) -> None:
        self.at, self.into = SourceLocation(file), into
        self.found: dict[str, tuple[str, Mapping[str, Any]]] = {}
        """(pointer, item) by identifier."""
        self.parents: dict[str, str] = {}
        self.precedes: list[tuple[str, str, str]] = []
        self.matches: list[tuple[str, Mapping[str, Any]]] = []

    def wrong(self, pointer: str, wrong: str, hint: str) -> None:
        """Note a node that is left out: nobody can correct a framework of a state."""
        self.into.note(self.at, pointer, wrong, hint, Severity.ROW)

    def items(self, items: Iterator[tuple[str, Mapping[str, Any]]]) -> None:
        for pointer, item in items:
            self.into.findings.rows[self.at] += 1
            identifier = _text(item, "identifier")
            if identifier is None:
                self.wrong(f"{pointer}/identifier", "it is missing", "Give the item its GUID.")
            elif identifier in self.found:
                self.wrong(f"{pointer}/identifier", f"it stands also at {self.found[identifier][0]}", "Remove one.")
            else:
                self.found[identifier] = (pointer, item)

    def links(self, links: Iterator[tuple[str, Mapping[str, Any]]]) -> None:
        for pointer, link in links:
            self.into.findings.rows[self.at] += 1
            kind = link.get("associationType")
            if kind not in _LINKS or link.get("status") == "Deprecated":
                continue
            origin, destination = link.get("originNodeURI"), link.get("destinationNodeURI")
            start, end = _identifier(origin), _identifier(destination)
            if start is None or end is None:
                self.wrong(pointer, "it does not say what it links", "Give both nodes their identifier.")
            elif kind == "isChildOf":
                self.parents.setdefault(start, end)
            elif kind == "precedes":
                self.precedes.append((pointer, start, end))
            elif isinstance(destination, dict) and start in self.found and end not in self.found:
                self.matches.append((start, destination))
            elif isinstance(origin, dict) and end in self.found and start not in self.found:
                self.matches.append((end, origin))

    def finish(self) -> None:
        refs = self._skills()
        for pointer, before, after in self.precedes:
            if before not in refs or after not in refs:
                missing = before if before not in refs else after
                self.wrong(pointer, f"{missing!r} is no skill of this package", "Add it, or remove the association.")
                continue
            key = (refs[after], refs[before])
            self.into.spoken.add("prerequisite")
            self.into.prerequisites.setdefault(key, PrerequisiteRow(*key, "strong", self.at))
        for inner, other in self.matches:
            if inner in refs:
                for name in ("identifier", "uri", "title"):
                    found = _text(other, name)
                    if found is not None and found.casefold() not in _LABELS:
                        self._call(found, refs[inner])

    def _skills(self) -> dict[str, str]:
        """Write the skills; return their refs by identifier."""
        refs: dict[str, str] = {}
        with_children = set(self.parents.values())
        codes = Counter(_text(item, "humanCodingScheme") for _, item in self.found.values())
        for identifier, (pointer, item) in self.found.items():
            code = _text(item, "humanCodingScheme")
            heading = (_text(item, "CFItemType") or "").casefold() in _HEADINGS
            if heading or (code is None and identifier in with_children):
                continue
            title = _text(item, "abbreviatedStatement") or _text(item, "fullStatement")
            if title is None:
                self.wrong(f"{pointer}/fullStatement", "it is missing", "Say what the skill is.")
                continue
            # A code that two items have tells neither from the other.
            ref = code if code is not None and codes[code] == 1 else identifier
            if ref in self.into.skills:
                self.wrong(pointer, f"{ref!r} stands in another file too", "Remove one of the two.")
                continue
            refs[identifier] = ref
            strand = self._strand(identifier, item)
            self.into.skills[ref] = SkillRow(ref, title[:_TITLE], _grade(item), strand, 1.0, self.at)
            for name in (ref, code, identifier, _text(item, "uri")):
                self._call(name, ref)
        return refs

    def _strand(self, identifier: str, item: Mapping[str, Any]) -> str | None:
        parent = self.found.get(self.parents.get(identifier, ""))
        if parent is not None:
            return _text(parent[1], "abbreviatedStatement") or _text(parent[1], "fullStatement")
        words = item.get("conceptKeywords")
        return next((word for word in words if isinstance(word, str)), None) if isinstance(words, list) else None

    def _call(self, name: str | None, ref: str) -> None:
        self.into.call("skill", name, ref, self.at)


def _objects(found: object, pointer: str, reader: _Package) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(found, list):
        reader.into.note(reader.at, pointer, "it is missing or no list", "Export a whole CFPackage.")
        return
    for number, each in enumerate(found):
        if isinstance(each, dict):
            yield f"{pointer}/{number}", each
        else:
            reader.wrong(f"{pointer}/{number}", "it is no object", "Export the package again.")


def _text(item: Mapping[str, Any], name: str) -> str | None:
    found = item.get(name)
    return found.strip() or None if isinstance(found, str) else None


def _identifier(node: object) -> str | None:
    """Return what a link points at: an object with an identifier, or in older exports a bare address."""
    if isinstance(node, dict):
        return _text(node, "identifier")
    return node.rsplit("/", 1)[-1] or None if isinstance(node, str) else None


def _grade(item: Mapping[str, Any]) -> float | None:
    levels = item.get("educationLevel")
    first = levels[0] if isinstance(levels, list) and levels else levels
    return grade_of(first) if isinstance(first, str) else None
