"""What we ask of an LMS by ourselves: its services (LTI Advantage), with our own keys.

- `keys`: a school's signing keys. `services`: a token for a service, and calls with it.
- `members`: who is in a course (Names and Roles).
- `scores`: how many tasks a student did this week (Assignment and Grades).
"""
