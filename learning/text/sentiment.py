"""What a clause says of what it names: loved, liked, disliked, or nothing, as it is past or another's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


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
        match self:
            case Stance.LOVES | Stance.LIKES | Stance.LEANS:
                return Stance.DISLIKES
            case Stance.DISLIKES | Stance.HATES:
                return Stance.LIKES
            case _:
                return self


_KIN = (
    r"(?:brothers?|sisters?|siblings?|moms?|mum|mommy|mother|dads?|daddy|father|parents|uncle|aunts?|cousins?|friends?|"
    r"bestie|bff|grandma|grandpa|grandmother|grandfather|abuela|teacher|family|team|neighbou?rs?)"
)
_FEELS = (
    r"(?:likes?|loves?|loved|hates?|hated|enjoys?|prefers?|wants?|is into|are into|is obsessed|are obsessed|is crazy|"
    r"says?)"
)
_OTHERS = r"(?:he|she|they|everyone|everybody|people|kids|boys|girls|other kids)"
_PLEASED = r"(?:boring|bad|stupid|dumb|lame|gross|terrible)"
_NEGATORS = (
    r"(?:dont|doesnt|didnt|wont|wouldnt|cant|couldnt|never|not|isnt|arent|wasnt|aint|no|nope|nah|neither|nobody|noone|"
    r"none|nicht|kein|keine|jamais|nunca|tampoco)"
)


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(patterns) + r")(?!\w)")


_RULES: tuple[tuple[Stance, re.Pattern[str]], ...] = (
    # Who is not good at a thing may love it all the same.
    (Stance.SILENT, _any(r"(?:suck|bad|terrible|not (?:very |so |that |really )?good|awful|not great|horrible) at")),
    (
        Stance.SILENT,
        _any(
            r"used to",
            r"(?:i )?(?:quit|stopped|gave up)",
            r"no longer",
            r"(?:not|isnt|dont .*) ?any ?more",
            r"any ?more$",
            r"when i was",
            r"i was into",
            r"i (?:really )?(?:liked|loved)",
            r"as a baby",
            r"not? .*lately",
        ),
    ),
    # A wish so strong is none against what is wished for.
    (
        Stance.LOVES,
        _any(r"(?:want(?:ed)?|wish|need|miss|love|like|hope)\b.*\b(?:so+|really|real|super|too) bad(?:ly)?$"),
    ),
    # Negations that praise.
    (
        Stance.LIKES,
        _any(
            r"cant (?:stop|wait|live without|get enough|help|imagine|go a day without)",
            r"never (?:miss|get tired|get bored|skip|bored|tired|stop)",
            r"not? ?(?:only|just)",
            r"dont (?:just|only)",
            r"dont care what",
            r"who (?:doesnt|dont)",
            r"(?:not|isnt) that i dont",
            r"(?:nothing|noone|nobody|no one) (?:is |else )?(?:better|best|beats|cooler|like|loves?|likes?|more fun)",
            rf"(?:not|isnt|arent|never|aint) (?:that |so |too )?{_PLEASED}",
            r"(?:when(?:ever)?|if) im (?:bored|sad|mad)",
            r"not (?:ashamed|afraid) (?:to|of)",
            r"(?:not|never|arent|isnt) allowed",
        ),
    ),
    (
        Stance.INDIFFERENT,
        _any(
            r"dont (?:mind|hate|dislike)",
            r"me da igual",
            r"meh",
            r"i can take or leave",
            r"(?:is|are|its) (?:just )?(?:ok|okay|fine|alright|all right|so so|whatever|not bad)",
        ),
    ),
    (
        Stance.SILENT,
        _any(
            rf"my (?:\w+ ){{0,2}}?{_KIN}(?: and \w+)? (?:\w+ )?(?:{_FEELS}|plays|does|watches|collects)",
            rf"{_OTHERS} (?:\w+ )?{_FEELS}",
            r"(?<!dont )(?:makes?|made|making|forces?) (?:me|us)",
        ),
    ),
    (
        Stance.HATES,
        _any(
            r"hate[sd]?|despise|cant stand|sucks?|stinks?|gross|e+w+|yu+ck+y?|worst|disgusting",
            r"i detest|least favorites?",
            r"odio|je deteste|hasse",
        ),
    ),
    (
        Stance.DISLIKES,
        _any(
            r"stupid|dumb|boring|bored|bores|lame|terrible|awful|horrible|worse|trash|cringe|annoying|embarr?ass?ing",
            r"idc|dislikes?|waste of|scared of|afraid of|allergic|anything but|sick of|tired of|less|boo+|down with",
            r"bad(?! bunny)|nothing (?:about|in)|the opposite of",
            r"aburrido|langweilig",
        ),
    ),
    (Stance.DISLIKES, _any(_NEGATORS, r"ne? .*\bpas", r"no me gusta")),
    (
        Stance.LOVES,
        _any(
            r"love[sd]?|loving|favorites?|obsessed|best|awesome|amazing|adore|crazy about|addicted|so much|passion",
            r"is life|my life|goat",
            r"encanta|jadore|liebe",
        ),
    ),
    (Stance.LEANS, _any(r"kinda|a (?:little|bit)|maybe|(?:i )?guess|sometimes|probably|might|perhaps")),
)
_HEDGES = _any(r"maybe|guess|kinda")
_FILLERS = _any(
    r"idk|i dont know|i dunno|dunno|dont know|no idea|im not sure|not sure|not going to lie|ngl|no lie|no cap",
    r"no offense|no joke|lol|lmao|haha+|hehe|jk|jkjk|um+|uh+|hmm+|well|like i said|honestly|tbh|no doubt|why not",
    r"pls|plz|of course|in my opinion|let me think|dont tell my \w+|dont judge",
)
_SAYS = _any(
    r"likes?|loving|enjoy|into|prefer|rather|play|fun|cool|great|good|nice|yes|yeah|yay|yum|yummy|yumm|want|wish",
    r"gusta|aime|jaime|mag",
)
_OWN_SUBJECT = re.compile(
    r"^\W*(?:(?:and|but|so|also|then|because|now|cause)\s+)*(?:i|im|ive|id|ill|we|were|its|it|theyre)\b"
)
_POINTS_BACK = re.compile(
    r"\b(?:it|them|that|those|they|this|its)\b"
    r"|\bme (?:neither|too)\b"
    r"|^(?:(?:but|and|or|so) )*i (?:really |just )?(?:do|dont|cant|am not|never|wouldnt)"
    r"(?: (?:really|want to|like to|care|at all|either|much))*$"
    r"|^(?:(?:but|and|or|so) )*i (?:really |still )?(?:want|wish|hope|would like|would love)(?: to)?(?: try| learn)?$"
    r"|^i (?:really |just )?(?:hate|love|like|dislike|enjoy)(?: a lot| so much| the most| most| best)?$"
    r"|^(?:no|nope|nah|yes|yeah|yup|yay|yum|yummy|ew+|gross|boring|yuck|never|not|meh)\b"
    r"(?: (?:thanks?|thank you|way|really|please))*$"
)


@dataclass(frozen=True, slots=True)
class Attitude:
    """What a clause says of itself."""

    stance: Stance
    has_statement: bool
    """Whether the clause says it in words of its own; a bare name says nothing and follows the clause before."""
    points_back: bool
    """Whether it speaks of what the clause before has named ("but I hate it", "no thanks")."""
    own_subject: bool
    """Whether it starts again with "I"."""


def attitude(clause: str) -> Attitude:
    """Return what an even clause says of what it names; the first rule that fits decides."""
    spoken = without_fillers(clause)
    stance = next((stance for stance, pattern in _RULES if pattern.search(spoken)), None)
    if stance is Stance.LOVES and _HEDGES.search(spoken):
        stance = Stance.LIKES
    return Attitude(
        stance=stance or Stance.LIKES,
        has_statement=stance is not None or bool(_SAYS.search(spoken)),
        points_back=bool(_POINTS_BACK.search(spoken)),
        own_subject=bool(_OWN_SUBJECT.match(spoken)),
    )


def without_fillers(clause: str) -> str:
    """Return a clause without what children say before they say something."""
    return re.sub(r"\s+", " ", _FILLERS.sub(" ", clause)).strip()
