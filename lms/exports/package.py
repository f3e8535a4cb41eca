"""A QTI package or Common Cartridge: its questions and its links, with the standards that its manifest names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from lms.exports import qti
from lms.exports.imported import ExportError, Imported
from lms.exports.manifest import Resource, resources
from lms.exports.materials import Link
from lms.exports.questions import Question
from lms.exports.safe_xml import local, plain, root
from lms.files.problem import SourceLocation

MANIFEST = "imsmanifest.xml"
_QUESTIONS = re.compile(r"imsqti_(?:item_)?xmlv\d|imsqti_xmlv1p2", re.IGNORECASE)
_LINK = re.compile(r"imswl_xmlv", re.IGNORECASE)
_KINDS = {
    "imsqti_test": "are tests, whose questions are read by themselves",
    "imsdt": "are discussions",
    "imsbasiclti": "are tools, which have an address in the LMS alone",
    "webcontent": "are pages and files, which have no address outside of the package: link them in the LMS",
    "associatedcontent": "belong to other resources",
}


class Files(Protocol):
    """The files of a package."""

    @property
    def names(self) -> Sequence[str]:
        """Their paths."""

    def read(self, name: str) -> bytes:
        """Return the content of one."""


def read(
    file: str,
    files: Files,
    found: Imported,
    *,
    by_title: bool = False,
    progress: Callable[[int], object] = lambda _: None,
) -> tuple[list[Question], list[Link]]:
    """Return the questions and links of a package.

    Raises:
        ExportError: it has no manifest, or the manifest cannot be read.
    """
    manifest = next((name for name in files.names if name.rpartition("/")[2].casefold() == MANIFEST), None)
    if manifest is None:
        hint = "Name the package as it was exported (.zip, .imscc), or a single QTI file (.xml)."
        raise ExportError(file, f"it has no {MANIFEST}", hint)
    folder = manifest.rpartition("/")[0]
    reader = _Package(files, f"{folder}/" if folder else "", found, by_title=by_title)
    for number, resource in enumerate(resources(manifest, files.read(manifest)), start=1):
        reader.take(resource)
        progress(number)
    return reader.questions, reader.links


class _Package:
    """One package while it is read."""

    def __init__(self, files: Files, folder: str, found: Imported, *, by_title: bool) -> None:
        self.files, self.folder, self.found, self.by_title = files, folder, found, by_title
        self.names = {name.casefold(): name for name in files.names}
        self.questions: list[Question] = []
        self.links: list[Link] = []

    def take(self, resource: Resource) -> None:
        """Read one resource, as its type says; what cannot be read is left out."""
        kind = resource.kind.casefold()
        if kind.startswith("imsqti_test") or not (_QUESTIONS.match(kind) or _LINK.match(kind)):
            why = next((why for prefix, why in _KINDS.items() if kind.startswith(prefix)), None)
            self.found.left_out[why or f"are of type {resource.kind or '?'}"] += 1
            return
        path = next((each for each in resource.files if each.lower().endswith(".xml")), "")
        name = self.names.get(f"{self.folder}{path}".casefold())
        at = SourceLocation(path or resource.identifier)
        if name is None:
            wrong = f"the package names {path or resource.identifier!r}, and has no such file"
            self.found.leave_out("are not in the package", at, wrong, "Export it again.")
            return
        try:
            if _LINK.match(kind):
                self._link(name, resource)
            else:
                around = qti.Around(
                    resource.title, resource.category, resource.keywords, resource.guids, by_title=self.by_title
                )
                self.questions += qti.questions(name, self.files.read(name), around, self.found)
        except ExportError as error:
            self.found.leave_out("cannot be read", SourceLocation(error.file), error.wrong, error.hint)

    def _link(self, name: str, resource: Resource) -> None:
        document = root(name, self.files.read(name), "webLink", "wl")
        parts = {local(each.tag): each for each in document.iter()}
        url = parts["url"].get("href", "") if "url" in parts else ""
        title = resource.title or plain((parts["title"].text or "") if "title" in parts else "")
        self.links.append(
            Link(
                title or url[:80],
                url,
                SourceLocation(name),
                resource.category,
                "link",
                tags=resource.keywords,
                guids=resource.guids,
            )
        )
