"""The HTTP API that an LMS and its survey tools talk to.

A route lists its dependencies in the order in which they run: the request is admitted, its sender authenticated, its
body read within limits and parsed strictly. Each event's envelope says where the event belongs; all events are recorded
at once and committed; only then the sender gets its answer, and the workers are notified outside of the request.
Workers decide what an event means: the API never refuses an event for its content, because a sender repeats a refused
event for days and then disables the connection. Only `routes/overrides`, `policy` and `scope` decide here: they check a
teacher's change and show what it would do, while the teacher waits for the answer.

- `app`: puts the routes together, one file each in `routes/`.
- `dependencies`: admission, authentication, body. `request_body`, `auth`, `jws`, `rate_limit`: their parts.
- `ingest`: records events. `notifier`: notifies the workers.
- `teacher_requests`: what the routes for a teacher's tool share.
- `problems`: error responses. `openapi`: descriptions. `request_id`: an id in each response.
"""
