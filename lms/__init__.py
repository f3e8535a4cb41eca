"""What LMSs and survey tools send, understood: one file a format, from one event to facts, pure.

A format is two functions. `envelope` is what the door calls: it reads from verb or type alone which task an event
belongs to, and derives the 16-byte key that makes a resend the same event; it never refuses. `parse` is what the worker
calls: it returns the facts that the event holds, or `Ignored` with a reason, or raises `PayloadError` with a code and a
JSON pointer, never with content. Neither reads a clock, a file or a table, so a stored event can be read again at any
time, and a fixed parser can be run over all of them.

`facts` holds the values that every format becomes; `formats` lists the formats by name; `strict_json` reads a request's
body; `fields` reads single fields; `answers` tells what was answered in a survey.

References stay in the words of their source. Whom and what they mean is resolved downstream, through an alias table:
`Fact.subject` holds all names of the thing, the most precise first.

To add a format, write one file with the two functions, add a line in `formats`, and test it with recorded requests:
count what they must become with code of the test's own, then mangle them.
"""
