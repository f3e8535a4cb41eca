"""LTI 1.3: how an LMS (a platform) opens Souschef's pages for the person who clicked in a course.

registration: a platform's admin opens a one-time address, and the two servers tell each other who they are.
login -> launch: the platform's page sends the browser to `/lti/login`, which sends it to the platform with a state and
a nonce; the platform sends it back to `/lti/launch` with a signed token. `claims` verifies the token (pure), `names`
says by which names the school may know the person and the class, and a session of `web.pages` begins.

`keys` are our own, for what we sign; `routes` puts it together. Source: IMS Security Framework 1.1, LTI 1.3 core,
LTI Dynamic Registration 1.0, LTI Deep Linking 2.0.
"""
