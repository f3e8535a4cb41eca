"""The doors: what an LMS and its survey tools talk to.

A request is let in, its sender authenticated, its body read within bounds and parsed strictly. Each event's envelope
says where it belongs; all are written at once and committed; then, and only then, the sender is told 200, and a
doorbell rings off the request path. Everything that needs thought happens in a worker: a door never refuses an event
for what it says, because a sender repeats what is refused for days and then switches the door off.

`app` puts the doors together, one file each (`xapi`, `surveys`, ...). They share `door` (the way in), `intake`
(writing), `bodies`, `credentials`, `problems` (what is answered when something is wrong) and `doorbell`.
"""
