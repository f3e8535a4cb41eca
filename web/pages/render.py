"""Turn a template into an answer; what cannot be shown becomes a friendly page, never JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from pathlib import Path

import jinja2
import structlog
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from learning.mastery.wording import is_known
from web.pages.language import DEFAULT, N_, NAMES, Language, language, select_language
from web.pages.safety import headers

FOLDER = Path(__file__).parents[1] / "templates"
log = structlog.get_logger(__name__)


@lru_cache(maxsize=8)
def templates(tag: str) -> jinja2.Environment:
    """Return the templates in a language: everything is escaped, and a name that is missing is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    spoken = language(tag)
    made.install_gettext_callables(  # type: ignore[attr-defined] # the extension's
        spoken.catalogue.gettext, spoken.catalogue.ngettext, newstyle=True
    )
    made.globals["_"] = _translated(spoken)
    made.globals["languages"] = NAMES
    made.filters["capitalize_first"] = _capitalize_first
    made.globals["is_known"] = is_known
    return made


def _translated(spoken: Language) -> Callable[..., Markup]:
    """Return what `_` is in templates: the extension's `gettext`, which looks at each sentence again at each call."""

    @cache
    def plain(message: str) -> Markup:
        return filled(message)

    def filled(message: str, **values: object) -> Markup:
        return Markup(spoken.catalogue.gettext(message)) % values  # noqa: S704 # nosec B704 # our own; values are escaped

    return lambda message, **values: filled(message, **values) if values else plain(message)


def _capitalize_first(title: str) -> str:
    """Begin a title with a capital and leave the rest: titles of skills read as part of a sentence."""
    return title[:1].upper() + title[1:]


def page(
    template: str,
    values: dict[str, object],
    *,
    spoken: Language | None = None,
    status: int = 200,
    frames: Iterable[str] = (),
    forms: Iterable[str] = (),
) -> HTMLResponse:
    """Return a page in a language that these origins may frame, and whose forms may also go to `forms`."""
    tag = DEFAULT if spoken is None else spoken.tag
    text = templates(tag).get_template(template).render({"language": spoken or language(tag), **values})
    return HTMLResponse(text, status, {**headers(frames, forms=forms), "Content-Language": tag})


class PageRefusedError(Exception):
    """A page that is not shown, by its code; `detail` is a sentence beside ours, `frames` who may show it.

    A detail for an administrator may be in English alone: the command line and the log say it in the same words.
    """

    def __init__(self, code: str, *, detail: str = "", frames: Iterable[str] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.frames = tuple(frames)


def browser_language(request: Request, *wanted: str | None) -> Language:
    """Return the language of a page that belongs to no session: the first wanted one that we have, or the browser's."""
    return select_language(wanted, request.headers.get("accept-language"))


REFUSALS: dict[str, tuple[int, str, str]] = {
    "unknown_platform": (403, N_("This LMS is not known here."), N_("Ask your school to register it.")),
    "unknown_deployment": (403, N_("Your school has to admit this course site first."), N_("They know about it now.")),
    "unknown_person": (
        403,
        N_("We do not know you yet."),
        N_("Your school knows about it now. Please come back later."),
    ),
    "unknown_class": (
        403,
        N_("We do not know this course yet."),
        N_("Your school knows about it now. Please come back later."),
    ),
    "no_role": (403, N_("This page is for students and teachers of the course."), ""),
    "preview": (
        200,
        N_("This is what a student would open."),
        N_("You are looking as a student, so nothing is shown or saved."),
    ),
    "launch": (
        400,
        N_("This page could not be opened."),
        N_("Please go back to your course and click the link again."),
    ),
    "no_cookie": (400, N_("Your browser did not keep our cookie."), N_("Please open the link in a new window.")),
    "ended": (403, N_("This page has ended."), N_("Please go back to your course and click the link again.")),
    "ended_link": (
        403,
        N_("This page has ended."),
        N_("Please open your link again. If it does not work any more, ask for a new link."),
    ),
    "link": (403, N_("This link does not work any more."), N_("Please ask for a new one.")),
    "form": (403, N_("This form did not come from our page."), N_("Please go back and try again.")),
    "not_found": (404, N_("There is nothing here."), ""),
    "not_yours": (404, N_("This task is not on your list any more."), N_("Please go back to your page.")),
    "no_swap": (409, N_("You have swapped this task before."), N_("Please try this one, or ask for help.")),
    "too_fast": (429, N_("That was too fast."), N_("Please wait a moment, and try again.")),
    "failed": (500, N_("Something went wrong on our side."), N_("Nothing was lost. Please go back and try again.")),
    "busy": (503, N_("We are busy just now."), N_("Please try again in a moment.")),
    "registration": (400, N_("The registration did not work."), ""),
    "insecure": (400, N_("Registration needs https."), N_("Set SOUSCHEF_WEB_URL to the https address of this server.")),
}
"""Code -> status, what is wrong, what to do."""


def refused(request: Request, error: Exception) -> Response:
    """Answer with the friendly page of a refusal."""
    refusal = error if isinstance(error, PageRefusedError) else PageRefusedError("busy")
    status, title, advice = REFUSALS[refusal.code]
    log.info("page_refused", code=refusal.code)
    spoken = browser_language(request)
    advised = spoken.text(advice) if advice else ""
    detail = spoken.text(refusal.detail) if refusal.detail else ""
    values: dict[str, object] = {
        "title": spoken.text(title),
        "advice": advised,
        "detail": detail,
        "is_english": detail == refusal.detail,
    }
    return page("message.html", values, spoken=spoken, status=status, frames=refusal.frames)
