"""The pages that students and teachers see, inside an LMS or behind a signed link.

`access` knows whose page it is (a launch in the address and its cookie), `safety` what every answer and every form
carries, `render` turns a template into an answer. `student` and `task` are a student's pages, `teacher` a teacher's;
what a student does goes through the inbox like every other event, by `record`.
"""
