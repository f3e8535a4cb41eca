"""Links as proposed materials: what can be assigned, once somebody has looked at what each is about."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lms.exports.imported import Imported
from lms.exports.proposals import IN_NAME, Matcher, Proposal
from lms.files.problem import SourceLocation
from lms.files.souschef_csv import is_address
from lms.files.starter import slug

PROPOSED = "proposed_materials.csv"
_EASY = re.compile(r"(?i)\b(easy|basic|intro(?:duction|ductory)?|beginner|einfach|leicht|grundlagen|fácil|facile)\b")
_HARD = re.compile(r"(?i)\b(hard|advanced|challenge|difficult|extension|schwer|schwierig|difícil|difficile)\b")


@dataclass(frozen=True, slots=True)
class Link:
    """One thing at an address."""

    title: str
    url: str
    at: SourceLocation
    category: tuple[str, ...] = ()
    kind: str = ""
    tags: tuple[str, ...] = ()
    guids: tuple[str, ...] = ()
    skills: str = ""
    """Codes separated by `;`, where the list itself says them."""
    minutes: str = ""
    language: str = ""


def propose(links: Sequence[Link], matcher: Matcher, found: Imported) -> None:
    """Add a row for each link, with the skills that it may be about."""
    seen: dict[str, SourceLocation] = {}
    for link in links:
        if not is_address(link.url):
            wrong = f"{link.url[:60]!r} is no web address"
            found.leave_out("have no web address", link.at, wrong, "Begin it with https://, and write %20 for a space.")
        elif link.url in seen:
            where = seen[link.url].seen_from(link.at)
            found.leave_out("stand there already", link.at, f"{link.url[:60]!r} stands in {where}", "Nothing to do.")
        else:
            seen[link.url] = link.at
            found.read["links"] += 1
            found.add(PROPOSED, _row(link, matcher, found))


def _row(link: Link, matcher: Matcher, found: Imported) -> dict[str, str]:
    proposals = [Proposal(link.skills, 1.0, "the list says so")] if link.skills else _proposals(link, matcher)
    found.read["with a proposed skill"] += bool(proposals)
    best = proposals[:1] or [Proposal("", 0.0, "nothing matches a skill")]
    mark = hashlib.sha256(link.url.encode()).hexdigest()[:6]
    return {
        "accept": "",
        "material": f"{slug(link.title)[:40]}-{mark}",
        "title": link.title[:200],
        "url": link.url,
        "skills": ";".join(each.skill for each in proposals if each.sure == best[0].sure) or best[0].skill,
        "difficulty": "-1" if _EASY.search(link.title) else "1" if _HARD.search(link.title) else "0",
        "minutes": link.minutes,
        "language": link.language,
        "sure": f"{best[0].sure:.2f}",
        "because": best[0].because,
        "kind": link.kind,
        "category": " / ".join(link.category),
    }


def _proposals(link: Link, matcher: Matcher) -> list[Proposal]:
    return matcher.of(
        link.guids,
        (("its title", IN_NAME, link.title),),
        link.tags,
        link.category,
        words=f"{link.title} {' '.join(link.category[-1:])}",
    )
