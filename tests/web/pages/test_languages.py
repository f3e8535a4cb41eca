"""The pages in every language: each sentence is translated whole, with its plural; the pseudo-locale finds the rest."""

import importlib.util
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from learning.text.readability import reading_grade, sentences, words
from models.tables.pages import PageRole
from tests.tasks.conftest import ask
from tests.web.pages.conftest import Reader, Worker
from tests.web.pages.test_student import now
from web.pages import language as languages
from web.pages.language import NAMES, PSEUDO, language, select_language

ROOT = Path(__file__).parents[3]
HOLE = re.compile(r"%\((\w+)\)s")
TRANSLATED = [tag for tag in NAMES if tag != "en"]


def messages_module() -> object:
    spec = importlib.util.spec_from_file_location("messages", ROOT / ".ci" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MESSAGES = messages_module()


def ids(catalogue: object) -> set[object]:
    return {message.id for message in catalogue if message.id}  # type: ignore[attr-defined] # Babel's


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_sentence_is_translated_with_the_same_holes(tag: str) -> None:
    catalogue = MESSAGES.catalogue(tag)  # type: ignore[attr-defined] # loaded by its path
    assert ids(catalogue) == ids(MESSAGES.extracted())  # type: ignore[attr-defined] # see above
    for message in catalogue:
        if not message.id:
            continue
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        results = message.string if isinstance(message.string, tuple | list) else (message.string,)
        holes = {hole for source in sources for hole in HOLE.findall(source)}
        for result in results:
            assert result, message.id
            assert set(HOLE.findall(result)) <= holes, message.id
        assert holes - {"num"} <= set(HOLE.findall(results[-1])), message.id


def test_one_and_many_are_two_sentences_in_every_language() -> None:
    both = "%(num)s student", "%(num)s students"
    found = {tag: [language(tag).plural(*both, n) for n in (1, 2)] for tag in (*NAMES, PSEUDO)}
    assert found["en"] == ["1 student", "2 students"]
    assert found["de"] == ["1 Kind", "2 Kinder"]
    assert found["es"] == ["1 estudiante", "2 estudiantes"]
    assert found[PSEUDO][0].startswith("[1 šţúďéñţ".replace("ď", "d")) or "1" in found[PSEUDO][0]


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("de-CH,de;q=0.9,en;q=0.8", "de"),
        ("fr,es;q=0.5,de;q=0.4", "es"),
        ("en;q=0, de;q=1", "de"),
        ("xx", "en"),
        ("*", "en"),
        (";;;q=,q=,,", "en"),
        ("de;q=nonsense", "en"),
        ("en-XA", PSEUDO),
    ],
)
def test_a_browser_says_which_language_it_wants(header: str, tag: str) -> None:
    assert select_language((), header).tag == tag


def test_settings_come_before_the_browser_and_the_school_after_it() -> None:
    assert select_language((None, "es"), "de").tag == "es"
    assert select_language(("xx",), "de", fallback="es").tag == "de"
    assert select_language((), None, fallback="es").tag == "es"


def test_a_visitor_chooses_the_language_of_a_page(student: Reader) -> None:
    page = student.home()
    assert '<html lang="en">' in page
    assert student.press(page, "/language", language="xx").status_code == 403
    german = student.press(page, "/language", language="de")
    assert german.status_code == 200
    assert '<html lang="de">' in german.text
    for sentence in ("Deine nächste Aufgabe, ", "Ich brauche Hilfe", "Was ich kann", "von den letzten 4 richtig"):
        assert sentence in german.text


def test_a_class_has_a_language_and_a_student_one_of_their_own(student: Reader) -> None:
    ask("UPDATE souschef.class SET language = 'es' RETURNING 1")
    assert '<html lang="es">' in student.home()
    ask("UPDATE souschef.person SET language = 'de' WHERE ref = :ref RETURNING 1", ref=student.ref)
    assert '<html lang="de">' in student.home()


class Texts(HTMLParser):
    """What a reader sees or hears of a page, apart from what is marked as English or as data."""

    SILENT = ("script", "style", "bdi", "del")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.stack: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        own = tag in self.SILENT or (tag != "html" and "lang" in values)
        if tag not in ("meta", "link", "input", "br", "circle", "path"):
            self.stack.append(own or (bool(self.stack) and self.stack[-1]))
        self.found += [str(values[name]) for name in ("aria-label", "placeholder", "alt") if values.get(name)]

    def handle_endtag(self, tag: str) -> None:
        if self.stack and tag not in ("circle", "path"):
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not (self.stack and self.stack[-1]):
            self.found.append(data.strip())


def bare(page: str, data: list[str]) -> list[str]:
    """Return the texts of a page that are neither bent nor the school's own words."""
    reader = Texts()
    reader.feed(page)
    own = re.compile(rf"(?i)(?<!\w)(?:{'|'.join(map(re.escape, sorted(data, key=len, reverse=True)))})(?!\w)")
    return [text for text in reader.found if re.search(r"[A-Za-z]{2}", _without(text, own))]


def _without(text: str, own: re.Pattern[str]) -> str:
    before = None
    while before != text:
        before, text = text, re.sub(r"\[[^\[\]]*\]", " ", text)
    text = own.sub(" ", text)
    return re.sub(r"(?i)\b(utc|csv|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b", " ", text)


def school_words() -> list[str]:
    found = ask(
        """SELECT title FROM souschef.material UNION SELECT title FROM souschef.skill UNION SELECT student_title
             FROM souschef.skill UNION SELECT ref FROM souschef.skill UNION SELECT title FROM souschef.topic
           UNION SELECT title FROM souschef.class UNION SELECT name FROM souschef.school
           UNION SELECT concat_ws(' ', given_name, family_name) FROM souschef.person
           UNION SELECT given_name FROM souschef.person UNION SELECT ref FROM souschef.person
           UNION SELECT ref FROM souschef.item"""
    )
    return [str(row[0]) for row in found if row[0]]


def pseudo(reader: Reader, path: str = "") -> str:
    reader.browser.accept_language = PSEUDO
    answer = reader.browser.get(path if path.startswith("/") else reader.path + path)
    assert answer.status_code == 200, answer.text
    return answer.text


def pages(student: Reader, teacher: Reader, head: Reader, worker: Worker) -> Iterator[tuple[str, str]]:
    """Yield every page in the pseudo-locale, by its name."""
    number, _ = now(student)
    yield "student", pseudo(student)
    yield "decline", pseudo(student, f"task/{number}/decline")
    yield "help", student.press(pseudo(student), "/help").text
    yield "task", student.press(pseudo(student), f"/task/{number}/start").text
    task = pseudo(student, f"task/{number}")
    yield "wrong", student.press(task, f"/task/{number}", answer="987654321").text
    yield "over", student.press(pseudo(student, f"task/{number}"), f"/task/{number}", answer="987654321").text
    yield "waiting", pseudo(student)
    worker.work()
    [(person,)] = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=student.ref)
    skill = ask("SELECT ref FROM souschef.skill ORDER BY ref LIMIT 1")[0][0]
    for path in ("", "class", "overrides", "overrides/new", f"overrides/new?verb=pin&who={student.ref}",
                 f"overrides/new?verb=pin&who=&skill={skill}", "rules", "gaps", "groups", "groups/plan",
                 "changed?seen=0", f"student/{person}", f"student/{person}/as"):  # fmt: skip
        yield path or "today", pseudo(teacher, path)
    tried = teacher.press(pseudo(teacher, "overrides/new?verb=hold&who="), "/overrides/try", reason="Ünïţ")
    yield "try", tried.text
    yield "stored", teacher.press(tried.text, "/overrides/do").text
    worker.work()
    yield "in force", pseudo(teacher, "overrides")
    yield "head", pseudo(head)


@pytest.mark.full
def test_nothing_is_left_in_english(student: Reader, worker: Worker, open_page: Callable[..., Reader]) -> None:
    """Every text of every page comes from a catalogue or is the school's own."""
    ref = str(ask("SELECT person.ref FROM souschef.person JOIN souschef.enrolment ON person_id = person.id "
                  "WHERE enrolment.role = 'teacher'")[0][0])  # fmt: skip
    teacher, head = open_page(ref, PageRole.TEACHER), open_page(ref, PageRole.HEAD)
    data = [*school_words(), "Canvas", "Souschef", *NAMES.values()]
    found = {name: left for name, page in pages(student, teacher, head, worker) if (left := bare(page, data))}
    assert found == {}


def test_the_check_finds_a_sentence_without_a_translation(student: Reader) -> None:
    """The mutant: a sentence that somebody wrote into a template."""
    page = pseudo(student).replace("</h1>", "</h1><p>Please read this.</p>", 1)
    assert bare(page, [*school_words(), *NAMES.values()]) == ["Please read this."]


STUDENT_FILES = ("student.html", "task.html", "decline.html", "help.html")
GRADE = 3.0


def student_sentences() -> list[str]:
    """Return what we say to a student, apart from titles and labels of fewer than four words."""
    found: set[str] = set()
    for name in STUDENT_FILES:
        text = (ROOT / "web" / "templates" / name).read_text(encoding="utf-8")
        found |= {each.replace('\\"', '"') for each in re.findall(r'_\("((?:[^"\\]|\\.)*)"', text)}
    source = (ROOT / "web" / "pages" / "words.py").read_text(encoding="utf-8")
    own = source[: source.index("TAKEN_BACK")] + source[source.index("def why_now") :]
    found |= set(re.findall(r'(?:N_|text)\(\s*"([^"]*)"', own))
    found |= set(re.findall(r'plural\(\s*"[^"]*",\s*"([^"]*)"', own))
    teacher_only = {"This is the page as %(name)s sees it. Nothing on it can be pressed."}
    return sorted(each for each in found - teacher_only if len(words(each)) >= 4)


def filled(text: str) -> str:
    example = {"theme": "games", "topic": "games", "name": "Gus", "skill": "equal groups", "num": "4", "right": "3"}
    return HOLE.sub(lambda hole: example.get(hole[1], "4"), text)


def test_what_we_say_to_a_student_reads_at_grade_three() -> None:
    found = student_sentences()
    assert len(found) > 15
    hard = {text: round(reading_grade(filled(text)), 1) for text in found if reading_grade(filled(text)) > GRADE}
    assert hard == {}


MOST_WORDS, MOST_LETTERS = 12, {"de": 13, "es": 13}
HARD_WORDS = {
    "de": r"\b(bezüglich|hinsichtlich|gegebenenfalls|sowie|jedoch|mittels|wurde[n]?|worden|deren|dessen)\b",
    "es": r"\b(asimismo|mediante|respecto|dicho|dicha|cuyo|cuya|fueron|hubiese|habiendo)\b",
}


@pytest.mark.parametrize("tag", TRANSLATED)
def test_it_reads_as_easily_in_the_other_languages(tag: str) -> None:
    """A list of rules: short sentences, short words, one clause mostly, none of the words of offices."""
    hard = []
    for text in student_sentences():
        translated = filled(language(tag).catalogue.gettext(text))
        for sentence in re.split(r"(?<=[.?!:])\s+", translated):
            found = re.findall(r"\w+", sentence)
            too_long = len(found) > MOST_WORDS or any(len(word) > MOST_LETTERS[tag] for word in found)
            if too_long or sentence.count(",") > 1 or re.search(HARD_WORDS[tag], sentence.lower()):
                hard.append(sentence)
    assert hard == []
    assert sentences("One. Two.") == 2


def test_a_catalogue_is_read_once() -> None:
    assert languages.language("de") is languages.language("de")
