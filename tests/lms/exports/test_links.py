"""Lists of links, activities of Moodle courses, and exported outcomes and competencies."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.exports import links, materials, moodle_course, outcomes
from lms.exports.imported import ExportError, Imported
from lms.exports.materials import Link
from lms.exports.proposals import Matcher

TABLE = """Title;Web address;Section;Skill;Minutes
Easy cells;https://a.example/1;Unit 1;CELL-1;15
Webs (hard);https://a.example/2;Reading a food web;;
No address;;;;
Again;https://a.example/1;;;
Wrong;javascript:alert(1);;;
"""
TEXT = """# Parts of a cell
- Cells at a glance: https://a.example/cells-at-a-glance
[A video](https://a.example/v?x=1) and https://a.example/other
https://a.example/food%20web-basics.html
Just words
"""
BOOKMARKS = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<DL><p><DT><H3>Biology</H3>
<DL><p><DT><A HREF="https://a.example/b" ADD_DATE="1">Cells &amp; more</A></DL><p></DL>
"""
ACTIVITIES = "name,cmid,type\nQuiz 1,31,quiz\n"
BACKUP = """<?xml version="1.0" encoding="UTF-8"?>
<moodle_backup><information><name>backup.mbz</name><original_wwwroot>https://moodle.example</original_wwwroot>
<contents><activities>
<activity><moduleid>31</moduleid><sectionid>7</sectionid>
<modulename>quiz</modulename><title>Cells</title></activity>
<activity><moduleid>32</moduleid><sectionid>7</sectionid>
<modulename>forum</modulename><title>News</title></activity>
<activity><moduleid>x</moduleid><sectionid>7</sectionid>
<modulename>page</modulename><title>Odd</title></activity>
</activities><sections><section><sectionid>7</sectionid><title>CELL-1</title></section></sections></contents>
</information></moodle_backup>
"""
CANVAS = """vendor_guid,object_type,title,description,display_name,workflow_state,parent_guids,ratings,,,
g1,group,Cells,,,active,,,,,
o1,outcome,CELL-1,<p>Parts of a cell</p>,,active,g1,4,Exceeds,3,Meets
o2,outcome,Food webs,,SCI.2,active,g1,4,Exceeds,3,Meets
o3,outcome,Old,,,deleted,g1,,,,
"""
MOODLE = (
    "Parent ID number,ID number,Short name,Description,Description format,Scale values,Scale configuration,Rule type "
    "(optional),Rule outcome (optional),Rule config (optional),Cross-referenced competency ID numbers,Exported ID "
    "(optional),Is framework,Taxonomy\n"
    ",SCI,Science,,1,,,,,,,,1,\n,CELLS,Cells,,1,,,,,,,7,,\nCELLS,CELL-1,Parts of a cell,,1,,,,,null,,8,,\n"
)
MATCHER = Matcher({"CELL-1": "Parts of a cell", "FW-1": "Reading a food web"}, {})


def read(text: str, file: str = "links.txt", home: str | None = None) -> tuple[list[Link], Imported]:
    found = Imported()
    return links.links(file, text.encode(), found, home=home), found


def test_a_table_is_read_by_its_columns_and_what_has_no_web_address_is_left_out() -> None:
    found_links, found = read(TABLE, "links.csv")
    materials.propose(found_links, MATCHER, found)
    rows = [
        (row["title"], row["skills"], row["difficulty"], row["sure"], row["minutes"])
        for row in found.rows[materials.PROPOSED]
    ]
    assert rows == [("Easy cells", "CELL-1", "-1", "1.00", "15"), ("Webs (hard)", "FW-1", "1", "0.85", "")]
    assert found.left_out == {"have no address": 1, "stand there already": 1, "have no web address": 1}


def test_text_has_a_title_before_or_around_an_address_and_headings() -> None:
    found_links, found = read(TEXT)
    assert [(each.title, each.url, each.category) for each in found_links] == [
        ("Cells at a glance", "https://a.example/cells-at-a-glance", ("Parts of a cell",)),
        ("A video", "https://a.example/v?x=1", ("Parts of a cell",)),
        ("food web basics", "https://a.example/food%20web-basics.html", ("Parts of a cell",)),
    ]
    assert [each.line for each in found.problems] == [5]


def test_bookmarks_have_folders() -> None:
    [link] = read(BOOKMARKS, "bookmarks.html")[0]
    assert (link.title, link.url, link.category) == ("Cells & more", "https://a.example/b", ("Biology",))


def test_numbers_of_activities_need_the_address_of_the_moodle() -> None:
    [link] = read(ACTIVITIES, "a.csv", home="https://moodle.example/")[0]
    assert link.url == "https://moodle.example/mod/quiz/view.php?id=31"
    found_links, found = read(ACTIVITIES, "a.csv")
    assert found_links == []
    assert found.problems[0].hint == "Say where the Moodle is: --home https://moodle.example."


def test_a_course_gives_its_activities_with_their_sections() -> None:
    found = Imported()
    [link] = moodle_course.links("moodle_backup.xml", BACKUP.encode(), found)
    assert link == Link("Cells", "https://moodle.example/mod/quiz/view.php?id=31", link.at, ("CELL-1",), "quiz")
    assert found.left_out == {"are of type forum, to which nobody is sent": 1, "have no number or title": 1}
    moved = moodle_course.links("moodle_backup.xml", BACKUP.encode(), Imported(), home="https://new.example/moodle")
    assert moved[0].url == "https://new.example/moodle/mod/quiz/view.php?id=31"


def test_outcomes_of_canvas_are_skills_whose_guid_is_a_name() -> None:
    found = outcomes.canvas("outcomes.csv", CANVAS.encode())
    assert [dict(row) for row in found.rows["skills.csv"]] == [
        {"skill": "CELL-1", "title": "Parts of a cell", "strand": "Cells", "names": "o1"},
        {"skill": "SCI.2", "title": "Food webs", "strand": "Cells", "names": "o2"},
    ]
    assert found.left_out == {"are groups, which are strands here": 1, "are deleted": 1}


def test_competencies_of_moodle_are_skills_and_what_is_above_them_strands() -> None:
    found = outcomes.moodle("framework.csv", MOODLE.encode())
    assert [dict(row) for row in found.rows["skills.csv"]] == [
        {"skill": "CELL-1", "title": "Parts of a cell", "strand": "Cells", "names": ""}
    ]
    assert found.left_out == {"are the framework itself": 1, "have others below them, and are strands here": 1}


@pytest.mark.parametrize(
    ("reader", "body", "wrong"),
    [
        (outcomes.canvas, b"title\nx\n", "vendor_guid: the column is missing"),
        (outcomes.moodle, b"ID number,Short name\nx,y\n", "parent: the column is missing"),
        (outcomes.canvas, b"vendor_guid,object_type,title\ng,group,G\n", "it has no skill"),
    ],
)
def test_what_is_no_export_of_skills_is_refused(
    reader: Callable[[str, bytes], Imported], body: bytes, wrong: str
) -> None:
    with pytest.raises(ExportError) as error:
        reader("f.csv", body)
    assert error.value.wrong == wrong


@given(
    st.sampled_from([TABLE, TEXT, BOOKMARKS, ACTIVITIES, BACKUP, CANVAS, MOODLE]),
    st.integers(0, 600),
    st.binary(max_size=30),
    st.sampled_from(["f.txt", "f.csv", "f.html", "f.xlsx"]),
)
def test_no_broken_list_raises_anything_but_its_error(text: str, at: int, junk: bytes, file: str) -> None:
    body = text.encode()[:at] + junk + text.encode()[at:]
    for reader in (outcomes.canvas, outcomes.moodle):
        with suppress(ExportError):
            reader(file, body)
    with suppress(ExportError):
        materials.propose(links.links(file, body, Imported(), home="https://m.example"), MATCHER, Imported())
    with suppress(ExportError):
        moodle_course.links(file, body, Imported())
