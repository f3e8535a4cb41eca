"""The eight categories of questions that United States law protects, found by their words.

A keyword finds what it can: a survey without findings is not thereby allowed, and a person still reads it.
"""

from __future__ import annotations

import re
from enum import StrEnum

from learning.surveys.schema import Finding


class Category(StrEnum):
    """What no survey may ask of a minor without a parent's consent (20 U.S.C. 1232h(b)(1)-(8))."""

    POLITICS = "political affiliations or beliefs"
    MENTAL = "mental or psychological problems"
    SEX = "sex behavior or attitudes"
    ILLEGAL = "illegal, anti-social, self-incriminating or demeaning behavior"
    FAMILY = "critical appraisals of family members"
    PRIVILEGED = "privileged relationships (lawyers, physicians, ministers)"
    RELIGION = "religious practices, affiliations or beliefs"
    INCOME = "income"


_KIN = r"(?:parents?|mom|mum|mother|dad|father|brothers?|sisters?|family|guardian)"
_TROUBLE = r"(?:fights?|argues?|yells?|hits?|drinks?|mean|strict|unfair|angry|divorced?)"
_CONFIDANT = r"(?:doctor|physician|nurse|minister|priest|pastor|rabbi|imam)"
_WORDS: dict[Category, tuple[str, ...]] = {
    Category.POLITICS: (
        r"politic\w*",
        r"president\w*",
        r"(?:vote|voted|voting|voter|voters)(?: for)?",
        r"elections?",
        r"democrats?",
        r"republicans?",
        r"conservatives?",
        r"liberals?",
        r"socialis\w+",
        r"communis\w+",
        r"immigra\w+",
        r"gun control",
        r"abortion\w*",
        r"protest(?:s|ing)?",
    ),
    Category.MENTAL: (
        r"depress\w+",
        r"anxi\w+",
        r"suicid\w+",
        r"self[- ]harm\w*",
        r"(?:hurt|harm|cut|hate) (?:yourself|myself)",
        r"panic attacks?",
        r"mental(?! (?:math|arithmetic))\w*",
        r"psych\w+",
        r"therap(?:y|ies|ist|ists)",
        r"counsel\w+",
        r"adhd|autis\w+|ocd|dyslexi\w+|bipolar|anorexi\w+",
        r"eating disorders?",
        r"trauma\w*",
        r"lonel\w+",
        r"worthless\w*",
        r"(?:how|you|i)(?: often| much)?(?: feel| feeling)?(?: very| so)? (?:sad|hopeless|stressed|scared|worried)",
        r"(?:cry|crying) (?:a lot|often|every)",
        r"trouble sleeping",
        r"medication\w*",
    ),
    Category.SEX: (
        r"sex(?:y|ual\w*)?",
        r"boyfriends?",
        r"girlfriends?",
        r"(?:crush|crushes) on",
        r"dating",
        r"kiss\w*",
        r"virgin\w*",
        r"condoms?",
        r"pregnan\w+",
        r"puberty",
        r"gay|lesbian|bisexual|transgender|lgbt\w*|queer",
        r"gender identit\w+",
        r"porn\w*",
    ),
    Category.ILLEGAL: (
        r"drugs?",
        r"alcohol\w*",
        r"beer|wine|vodka|whiskey",
        r"drunk\w*",
        r"smok(?:e|ed|ing)",
        r"vap(?:e|es|ed|ing)",
        r"cigarettes?",
        r"marijuana|cannabis|weed",
        r"gangs?",
        r"steal\w*|stole|stolen|shoplift\w*",
        r"arrest\w*",
        r"crim(?:e|es|inal\w*)",
        r"weapons?|guns?|kni(?:fe|ves)",
        r"vandal\w+",
        r"bull(?:y|ies|ied|ying)",
        r"cheat(?:ed|ing)? (?:on|in|at)",
        r"(?:ever )?li(?:e|ed) to",
        r"skip(?:ped)? (?:school|class)",
        r"fights?(?: with| at)",
    ),
    Category.FAMILY: (
        rf"(?:{_KIN}|grand\w+)(?:'s)? (?:\w+ ){{0,3}}{_TROUBLE}",
        rf"(?:like|dislike|hate|change|wrong) (?:most |least )?(?:about|with) (?:your|my) {_KIN}",
        rf"(?:good|bad|mean|strict|fair|nice|rate) (?:your |a |is your |are your )?{_KIN}",
        r"divorc\w+",
        rf"(?:get|gets|getting) along with (?:your|my) (?:\w+ )?{_KIN}",
        r"at home (?:\w+ ){0,2}(?:afraid|safe|unsafe|scared)",
        r"(?:afraid|safe|unsafe|scared) at home",
    ),
    Category.PRIVILEGED: (
        r"lawyers?|attorneys?",
        r"doctors? (?:told|tells|said|says|visit)",
        rf"(?:see|seen|saw|seeing|visit|visited|talk to|told) (?:a|your|the) {_CONFIDANT}",
        r"physicians?",
        r"confession\w*",
        r"diagnos\w+",
    ),
    Category.RELIGION: (
        r"religio\w+",
        r"church\w*|mosques?|synagogues?|temple",
        r"pray\w*",
        r"god|gods|jesus|allah",
        r"bible|quran|koran|torah",
        r"christian\w*|catholic\w*|muslims?|islam\w*|jew|jews|jewish|hindu\w*|buddhis\w+|sikhs?|atheis\w+|mormons?",
        r"sunday school",
        r"worship\w*",
    ),
    Category.INCOME: (
        r"income\w*",
        r"salar(?:y|ies)",
        r"how much (?:money )?(?:do|does) your (?:\w+ )?(?:earn|make|get paid|have)",
        rf"{_KIN}(?:'s)? (?:\w+ )?(?:earns?|makes?|jobs?|paid|work|money)",
        r"(?:rich|poor|wealthy|afford|welfare|food stamps?)",
        r"free (?:or reduced )?lunch\w*",
        r"allowance",
        r"(?:own|rent) (?:your|a) (?:home|house|apartment)",
    ),
}
_PATTERNS = {
    category: re.compile(r"(?<!\w)(?:" + "|".join(words) + r")(?!\w)", re.IGNORECASE)
    for category, words in _WORDS.items()
}


def find(text: str, *, pointer: str) -> list[Finding]:
    """Return one finding for each protected category that the text touches."""
    found = ((category, pattern.search(text)) for category, pattern in _PATTERNS.items())
    return [
        Finding(
            pointer,
            category.name.lower(),
            f'"{match[0]}" may ask about {category.value}',
            "Reword or remove it, or record the parents' consent (Protection of Pupil Rights Amendment).",
        )
        for category, match in found
        if match
    ]
