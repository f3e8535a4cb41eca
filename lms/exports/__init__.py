"""What other systems export, as rows of our own files: pure, and nothing that is only guessed comes into force.

`people` reads rosters of Canvas, Google Classroom and Moodle; `moodle_xml`, `gift`, `qti` and `package` read questions
and links, `links` and `moodle_course` what can be assigned, `outcomes` skills. All give an `imported.Imported`. Which
skill a question or a link is about is a proposal (`proposals`), with how sure it is and why: a CSV to look over.
`safe_xml` reads XML without entities and within bounds.
"""
