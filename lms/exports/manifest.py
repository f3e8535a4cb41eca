"""`imsmanifest.xml` of a Common Cartridge or QTI package: resources, their titles, and the standards that they name.

Source: IMS Content Packaging 1.1 and 1.2, Common Cartridge 1.0 to 1.4, Curriculum Standards Metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element  # nosec B405 # the type alone; defusedxml parses

from lms.exports.safe_xml import local, root

MAX_RESOURCES = 20_000
_GUIDS = frozenset({"guid", "labelledguid"})


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a package."""

    identifier: str
    kind: str
    """Its type, such as imsqti_item_xmlv2p1."""
    files: tuple[str, ...]
    """The paths of its files in the package, the main one first."""
    title: str
    category: tuple[str, ...]
    """The titles of the folders that it stands in, the outermost first."""
    keywords: tuple[str, ...]
    guids: tuple[str, ...]


def resources(file: str, body: bytes) -> list[Resource]:
    """Return the resources of a manifest.

    Raises:
        ExportError: it is no manifest.
    """
    manifest = root(file, body, "manifest")
    titles: dict[str, tuple[str, tuple[str, ...]]] = {}
    for organization in manifest.iter():
        if local(organization.tag) == "organization":
            titles.update(_places(organization))
    found = (each for each in manifest.iter() if local(each.tag) == "resource")
    return [_resource(each, titles) for _, each in zip(range(MAX_RESOURCES), found, strict=False)]


def _places(organization: Element) -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
    """Yield (resource, (title, titles of the folders around it)) of each item below an organization."""
    ahead: list[tuple[Element, tuple[str, ...]]] = [(organization, ())]
    while ahead:
        element, path = ahead.pop()
        for item in element:
            if item.tag == "item":
                title = " ".join((item.findtext("title") or "").split())
                if item.get("identifierref"):
                    yield item.get("identifierref", ""), (title, path)
                ahead.append((item, (*path, title) if title else path))


def _resource(element: Element, titles: dict[str, tuple[str, tuple[str, ...]]]) -> Resource:
    identifier = element.get("identifier", "")
    title, category = titles.get(identifier, ("", ()))
    base = element.get("{http://www.w3.org/XML/1998/namespace}base", "")
    hrefs = [element.get("href", ""), *(each.get("href", "") for each in element if each.tag == "file")]
    return Resource(
        identifier,
        element.get("type", ""),
        tuple(dict.fromkeys(f"{base}{href}" for href in hrefs if href)),
        title or _title(element),
        category,
        tuple(_texts(element, "keyword")),
        tuple(guids(element)),
    )


def guids(element: Element) -> Iterator[str]:
    """Yield the GUIDs of standards in the metadata of a resource or an item, and their labels."""
    for each in element.iter():
        if local(each.tag).casefold() in _GUIDS or local(each.tag) == "label":
            text = (each.text or "").strip()
            if text:
                yield text


def _title(element: Element) -> str:
    return next(iter(_texts(element, "title")), "")


def _texts(element: Element, tag: str) -> list[str]:
    """Return the texts of LOM elements, which stand in elements of their own for each language."""
    found: list[str] = []
    for each in element.iter():
        if local(each.tag) == tag:
            text = " ".join("".join(each.itertext()).split())
            found += [part.strip() for part in re.split(r"[,;]", text) if part.strip()] if tag == "keyword" else [text]
    return [text for text in found if text]
