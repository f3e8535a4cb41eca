"""The scope that is written from a folder's own classes, skills and materials."""

import pytest

from lms.exports.imported import ExportError, Imported
from lms.exports.scope import add_scope
from lms.files.bundle import Bundle
from lms.files.registry import parse

CLASSES = "sourcedId,title,grades,schoolSourcedId\nk1,Science 7A,07,elm\nk2,Science 8A,08,elm\n"
SKILLS = "skill,title,grade,strand\nC-1,Cells,7,Life\nC-2,Tissue,7,Life\nF-1,Forces,8,Physics\nG-1,Reading,,\n"
MATERIALS = "material,title,url,skills,difficulty\n" + "".join(
    f"m{skill},x,https://m.example/{skill},{skill},0\n" for skill in ("C-1", "F-1", "G-1")
)


def folder(scope: str = "") -> Bundle:
    files = {"classes.csv": CLASSES, "skills.csv": SKILLS, "materials.csv": MATERIALS}
    files |= {"scope.csv": f"class,skill\n{scope}"} if scope else {}
    return parse((name, text.encode()) for name, text in files.items())


def scope(bundle: Bundle, *, classes: str = "", strands: str = "", skills: str = "") -> tuple[list[str], Imported]:
    found = Imported()
    lists = {"classes": classes.split(), "strands": strands.split(), "skills": skills.split()}
    add_scope(bundle, found, **lists)
    return [f"{row['class']} {row['skill']}" for row in found.rows.get("scope.csv", [])], found


def test_a_class_gets_the_skills_of_its_grade_or_of_none_that_have_a_material() -> None:
    rows, found = scope(folder())
    assert rows == ["k1 C-1", "k1 G-1", "k2 F-1", "k2 G-1"]
    assert found.left_out == {"are skills without a material": 1}


def test_a_class_with_a_scope_stays_as_it_is_unless_it_is_named() -> None:
    assert scope(folder("k1,C-1\n"))[0] == ["k2 F-1", "k2 G-1"]
    assert scope(folder("k1,C-1\n"), classes="k1", skills="C-2")[0] == ["k1 C-2"]
    rows, found = scope(folder("k1,C-1\nk2,F-1\n"))
    assert (rows, found.notes) == ([], ["Every class has a scope. Name one to add to it: --class."])


def test_strands_and_skills_count_whatever_the_grade() -> None:
    assert scope(folder(), classes="k2", strands="Life", skills="G-1")[0] == ["k2 C-1", "k2 G-1"]


def test_who_gets_nothing_is_named() -> None:
    rows, found = scope(parse([("classes.csv", CLASSES.encode()), ("skills.csv", SKILLS.encode())]), classes="k1")
    assert rows == []
    assert found.notes == ["k1 gets nothing: no skill that it could work on has a material. Name some: --skill."]


@pytest.mark.parametrize("wrong", [{"classes": "k3"}, {"strands": "Lif"}, {"skills": "C-9"}])
def test_what_the_folder_does_not_have_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ExportError, match="Did you mean"):
        scope(folder(), **wrong)
