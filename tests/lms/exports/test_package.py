"""Common Cartridges and QTI packages: questions, links and the standards that a manifest names."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.exports import package, qti
from lms.exports.imported import ExportError, Imported
from lms.exports.materials import Link
from lms.exports.questions import Question

GUID = "2c3a6f0e-7053-11df-8ebf-be719dff4b22"
MANIFEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="m" xmlns="http://www.imsglobal.org/xsd/imsccv1p3/imscp_v1p1"
  xmlns:csm="http://www.imsglobal.org/xsd/imsccv1p3/imscsmd_v1p0"
  xmlns:lom="http://ltsc.ieee.org/xsd/imsccv1p3/LOM/resource">
 <metadata><schema>IMS Common Cartridge</schema><schemaversion>1.3.0</schemaversion></metadata>
 <organizations><organization identifier="o" structure="rooted-hierarchy"><item identifier="root">
  <item identifier="u1"><title>Unit 1</title>
   <item identifier="i1" identifierref="r-link"><title>Cell video</title></item>
   <item identifier="i2" identifierref="r-quiz"><title>Cell quiz</title></item>
  </item></item></organization></organizations>
 <resources>
  <resource identifier="r-link" type="imswl_xmlv1p3"><metadata>
    <csm:curriculumStandardsMetadataSet><csm:curriculumStandardsMetadata providerId="AB"><csm:setOfGUIDs>
     <csm:labelledGUID><csm:label>CELL-1</csm:label><csm:GUID>{GUID}</csm:GUID></csm:labelledGUID>
    </csm:setOfGUIDs></csm:curriculumStandardsMetadata></csm:curriculumStandardsMetadataSet></metadata>
   <file href="link.xml"/></resource>
  <resource identifier="r-quiz" type="imsqti_xmlv1p2/imscc_xmlv1p3/assessment"><file href="quiz/q.xml"/></resource>
  <resource identifier="r-item" type="imsqti_item_xmlv2p1" href="items/a.xml"><metadata><lom:lom><lom:general>
    <lom:keyword><lom:string>plants, cells</lom:string></lom:keyword></lom:general></lom:lom></metadata>
   <file href="items/a.xml"/></resource>
  <resource identifier="r-test" type="imsqti_test_xmlv2p1" href="test.xml"/>
  <resource identifier="r-page" type="webcontent" href="p.html"/>
  <resource identifier="r-gone" type="imsqti_item_xmlv2p2" href="gone.xml"/>
 </resources>
</manifest>"""
LINK = """<webLink xmlns="http://www.imsglobal.org/xsd/imsccv1p3/imswl_v1p3">
<title>A video</title><url href="https://a.example/v" target="_blank"/></webLink>"""
QUIZ = """<questestinterop xmlns="http://www.imsglobal.org/xsd/ims_qtiasiv1p2"><assessment ident="a" title="Cells">
<section ident="s"><item ident="i1" title="Q1"><itemmetadata><qtimetadata><qtimetadatafield>
<fieldlabel>cc_profile</fieldlabel><fieldentry>cc.multiple_choice.v0p1</fieldentry></qtimetadatafield></qtimetadata>
</itemmetadata><presentation><material><mattext texttype="text/html">&lt;p&gt;A cell?&lt;/p&gt;</mattext></material>
</presentation></item><section ident="s2"><item ident="i2" title="Text"><itemmetadata><qtimetadata><qtimetadatafield>
<fieldlabel>question_type</fieldlabel><fieldentry>text_only_question</fieldentry></qtimetadatafield></qtimetadata>
</itemmetadata></item></section></section></assessment></questestinterop>"""
ITEM = """<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="it-1" title="Leaf">
<itemBody><p>What is <b>green</b>?</p><choiceInteraction responseIdentifier="R"><simpleChoice identifier="a">leaf
</simpleChoice></choiceInteraction></itemBody></assessmentItem>"""
FILES = {"imsmanifest.xml": MANIFEST, "link.xml": LINK, "quiz/q.xml": QUIZ, "items/a.xml": ITEM}


@dataclass
class Memory:
    """A package in memory."""

    files: Mapping[str, bytes]

    @property
    def names(self) -> Sequence[str]:
        return list(self.files)

    def read(self, name: str) -> bytes:
        return self.files[name]


def read(files: Mapping[str, str], *, by_title: bool = False) -> tuple[list[Question], list[Link], Imported]:
    found = Imported()
    memory = Memory({name: text.encode() for name, text in files.items()})
    return *package.read("p.imscc", memory, found, by_title=by_title), found


def test_a_cartridge_gives_questions_links_and_guids() -> None:
    [quiz, item], [link], found = read(FILES)
    assert (link.title, link.url, link.category, link.guids) == (
        "Cell video",
        "https://a.example/v",
        ("Unit 1",),
        ("CELL-1", GUID),
    )
    assert (quiz.name, quiz.title, quiz.text, quiz.category) == ("i1", "Q1", "A cell?", ("Unit 1", "Cells"))
    assert (item.name, item.kind, item.tags) == ("it-1", "choiceInteraction", ("plants", "cells"))
    assert item.text.startswith("What is green ?")
    assert found.left_out == {
        "are texts, which nobody answers": 1,
        "are tests, whose questions are read by themselves": 1,
        "are pages and files, which have no address outside of the package: link them in the LMS": 1,
        "are not in the package": 1,
    }


def test_events_may_name_questions_by_their_titles() -> None:
    [quiz, item], _, _ = read(FILES, by_title=True)
    assert (quiz.name, item.name, item.title) == ("Q1", "Leaf", "it-1")


def test_a_package_in_a_folder_is_found_and_one_broken_file_leaves_the_rest() -> None:
    inside = {f"course/{name}": text for name, text in FILES.items()} | {"course/quiz/q.xml": "<quiz"}
    asked, linked, found = read(inside)
    assert ([each.name for each in asked], len(linked)) == (["it-1"], 1)
    assert found.left_out["cannot be read"] == 1


def test_qti_3_is_read() -> None:
    text = ITEM.replace("assessmentItem", "qti-assessment-item").replace("itemBody", "qti-item-body")
    [question] = qti.questions("a.xml", text.encode(), qti.Around(), Imported())
    assert (question.name, question.title) == ("it-1", "Leaf")


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ({"a.xml": ITEM}, "it has no imsmanifest.xml"),
        ({"imsmanifest.xml": ITEM}, "it begins with <assessmentItem>, not with <manifest>"),
        (
            {"imsmanifest.xml": MANIFEST.replace("<manifest", '<!DOCTYPE m [<!ENTITY x "y">]><manifest', 1)},
            "it has a document type or entities, which are not read",
        ),
    ],
)
def test_what_is_no_package_is_refused(files: dict[str, str], wrong: str) -> None:
    with pytest.raises(ExportError) as error:
        read(files)
    assert error.value.wrong == wrong


@given(st.sampled_from(list(FILES)), st.integers(0, 2_500), st.binary(max_size=30), st.booleans())
def test_no_broken_package_raises_anything_but_its_error(
    name: str,
    at: int,
    junk: bytes,
    cut: bool,  # noqa: FBT001 - Hypothesis draws it
) -> None:
    body = FILES[name].encode()
    broken = body[:at] + junk + (b"" if cut else body[at:])
    files = {each: text.encode() for each, text in FILES.items()} | {name: broken}
    with suppress(ExportError):
        package.read("p.zip", Memory(files), Imported())
