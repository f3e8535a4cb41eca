"""What a clause says of what it names: loved, liked, disliked, or nothing, because it is past or about somebody else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_KIN = (
    r"(?:brothers?|sisters?|siblings?|moms?|mum|mommy|mother|dads?|daddy|father|parents|uncle|aunt|aunts|cousins?|friends?|"
    r"bestie|bff|grandma|grandpa|grandmother|grandfather|abuela|teacher|family|team|neighbou?rs?)"
)
_ATTITUDE = r"(?:likes?|loves?|loved|hates?|hated|enjoys?|prefers?|wants?|is into|are into|is obsessed|are obsessed|is crazy|says?)"
_PLEASED = r"(?:boring|bad|stupid|dumb|lame|gross|terrible)"


class Stance(Enum):
    """How a clause stands to what it names; the value is the interest it speaks of, None where it speaks of none."""

    LOVES = 0.95
    LIKES = 0.85
    LEANS = 0.7
    INDIFFERENT = 0.5
    DISLIKES = 0.15
    HATES = 0.05
    SILENT = None

    @property
    def opposite(self) -> Stance:
        """What "everything except" and "anything but" make of it."""
        positive = self in {Stance.LOVES, Stance.LIKES, Stance.LEANS}
        return Stance.DISLIKES if positive else Stance.LIKES if self in {Stance.DISLIKES, Stance.HATES} else self


_FILLERS = re.compile(
    r"\b(?:idk|i dont know|i dunno|dunno|dont know|no idea|im not sure|not sure|not going to lie|not gonna lie|ngl|no lie|no cap|"
    r"no offense|no joke|lol|lmao|haha+|hehe|jk|jkjk|um+|uh+|hmm+|well|like i said|honestly|tbh|no doubt|why not|pls|plz|of course|"
    r"in my opinion|let me think|dont tell my \w+|dont judge)\b"
)
_RESCUED = (
    rf"\bcant (?:stop|wait|live without|get enough|help|go a day without)\b|\bnever (?:miss|get tired|get bored|skip|bored|tired)\b|"
    rf"\bnot? ?(?:only|just)\b|\bdont (?:just|only)\b|\bwho (?:doesnt|dont|does not)\b|\bnot that i dont\b|\bisnt that i dont\b|"
    rf"\b(?:nothing|noone|nobody|no one) (?:is |else )?(?:better|best|beats|cooler|like|loves?|likes?|more fun)\b|"
    rf"\b(?:not|isnt|arent|never|aint) (?:that |so |too )?{_PLEASED}\b|\bwhen(?:ever)? im (?:bored|sad|mad)\b|\bif im bored\b|"
    r"\bcant imagine\b|\bnothing stops\b|\bnever stop\b|\bdont care what\b|\bnot (?:ashamed|afraid) (?:to|of)\b"
)
_RULES: tuple[tuple[re.Pattern[str], Stance], ...] = tuple(
    (re.compile(pattern), stance)
    for pattern, stance in (
        (r"\b(?:suck|bad|terrible|not (?:very |so |that |really )?good|awful|not great|horrible) at\b", Stance.SILENT),
        (
            r"\bused to\b|\b(?:i )?(?:quit|stopped|gave up)\b|\bno longer\b|\b(?:not|isnt|dont .*) ?any ?more\b|^any ?more$|"
            r"\bwhen i was\b|\bi was into\b|\bi (?:really )?(?:liked|loved)\b|\bas a baby\b|\bnot? .*lately\b",
            Stance.SILENT,
        ),
        (_RESCUED, Stance.LIKES),
        (
            r"\bdont (?:mind|hate|dislike)\b|\bme da igual\b|\bmeh\b|\bi can take or leave\b|"
            r"\b(?:is|are|its) (?:just )?(?:ok|okay|fine|alright|all right|so so|whatever|not bad)\b",
            Stance.INDIFFERENT,
        ),
        (
            rf"\bmy (?:\w+ ){{0,2}}?{_KIN}(?: and \w+)? (?:\w+ )?{_ATTITUDE}\b|\b(?:he|she|they|everyone|everybody|people|kids|"
            rf"boys|girls|other kids) (?:\w+ )?{_ATTITUDE}\b|\b(?:makes?|made|making|forces?) (?:me|us)\b",
            Stance.SILENT,
        ),
        (
            r"\bhate[sd]?\b|\bdespise\b|\bcant stand\b|\bsucks?\b|\bstinks?\b|\bgross\b|\be+w+\b|\byu+ck+y?\b|\bworst\b|\bodio\b|"
            r"\bdisgusting\b|\bi detest\b|\bje deteste\b|\bhasse\b",
            Stance.HATES,
        ),
        (
            r"\bstupid\b|\bdumb\b|\bboring\b|\bbored\b|\bbores\b|\blame\b|\bterrible\b|\bawful\b|\bhorrible\b|\bworse\b|\btrash\b|"
            r"\bcringe\b|\bidc\b|\bdislikes?\b|\bwaste of\b|\bscared of\b|\bafraid of\b|\ballergic\b|\bembarr?ass?ing\b|"
            r"\banything but\b|\bsick of\b|\btired of\b|\bannoying\b|\baburrido\b|\blangweilig\b|\bless\b",
            Stance.DISLIKES,
        ),
        (
            r"\b(?:dont|doesnt|didnt|wont|wouldnt|cant|couldnt|never|not|isnt|arent|wasnt|aint|no|nope|nah|neither|nobody|noone|"
            r"none|nicht|kein|keine|jamais|nunca|tampoco)\b|\bne? .*\bpas\b|\bno me gusta",
            Stance.DISLIKES,
        ),
        (
            r"\blove[sd]?\b|\bloving\b|\bfavorites?\b|\bobsessed\b|\bbest\b|\bawesome\b|\bamazing\b|\badore\b|\bencanta\b|"
            r"\bjadore\b|\bliebe\b|\bis life\b|\bgoat\b|\bcrazy about\b|\baddicted\b|\bso much\b|\bmy life\b|\bpassion",
            Stance.LOVES,
        ),
        (
            r"\bkinda\b|\ba (?:little|bit)\b|\bmaybe\b|\bi? ?guess\b|\bsometimes\b|\bprobably\b|\bmight\b|\bperhaps\b",
            Stance.LEANS,
        ),
    )
)
_ACTS = re.compile(
    r"\b(?:likes?|love[sd]?|loving|enjoy|into|prefer|rather|play|gusta|encanta|aime|jaime|jadore|mag|liebe|fun|cool|great|"
    r"good|nice|yes|yeah|yay|yum|yummy|yumm|favorites?|want|wish|wanna)\b"
)
_OWN_SUBJECT = re.compile(
    r"^(?:\W*(?:and|but|so|also|then|because|now|cause)\s+)*(?:i|im|ive|id|ill|we|were|its|it|theyre)\b"
)
_POINTS_BACK = re.compile(
    r"\b(?:it|them|that|those|they|this|its)\b|\bme (?:neither|too)\b|^(?:but |and |or |so )*i (?:really |just )?"
    r"(?:do|dont|cant|am not|never|would not)(?: (?:really|want to|like to|care|at all|either|much))*$|"
    r"^(?:no|nope|nah|yes|yeah|yup|yay|yum|yummy|ew+|gross|boring|yuck|never|not|meh)\b(?: (?:thanks?|thank you|way|really|please))*$"
)


@dataclass(frozen=True, slots=True)
class Attitude:
    """What a clause says of itself."""

    stance: Stance
    said: bool
    """Whether the clause says it in words of its own; a bare name says nothing and follows the clause before."""
    points_back: bool
    """Whether it speaks of what the clause before has named ("but I hate it", "no thanks")."""
    own_subject: bool


def attitude(clause: str) -> Attitude:
    """Return what an even clause says of what it names."""
    spoken = without_fillers(clause)
    stance = next((stance for pattern, stance in _RULES if pattern.search(spoken)), None)
    if stance is Stance.LOVES and re.search(r"\b(?:maybe|guess|kinda)\b", spoken):
        stance = Stance.LIKES
    return Attitude(
        stance=stance or Stance.LIKES,
        said=stance is not None or bool(_ACTS.search(spoken)),
        points_back=bool(_POINTS_BACK.search(spoken.strip())),
        own_subject=bool(_OWN_SUBJECT.match(spoken.strip())),
    )


def without_fillers(clause: str) -> str:
    """Return a clause without what children say before they say something."""
    return re.sub(r"\s+", " ", _FILLERS.sub(" ", clause))
