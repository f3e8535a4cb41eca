"""Which tests show each rule of LTI: `python -m tests.web.lti.rules` counts their cases into docs/results/lti.md.

A case is one request that a hostile platform, a hostile page or an unusual browser makes, or one that must be let in.
"""

import subprocess
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "results" / "lti.md"
RULES: dict[str, dict[str, tuple[str, ...]]] = {
    "a registration address is secret and works once; only https, only public addresses, the issuer's own host; 3 s, "
    "256 kB": {
        "test_registration": (
            "an_invitation_registers_one_platform_once", "without_an_invitation_no_address_is_fetched",
            "an_invitation_opened_in_a_browser_is_not_used_up", "a_configuration_that_says_what_it_must_not_is_refused",
            "canvass_customers_share_one_issuer", "a_slow_or_huge_answer_is_not_waited_for",
            "a_private_address_is_refused_unless_the_invitation_allows_it",
            "a_name_with_one_private_address_is_refused", "the_connection_goes_to_the_address_that_was_checked",
            "only_https_leaves_the_house",
        ),
        "test_bounds": ("what_we_wait_for_and_read_of_another_server_is_what_we_say",),
        "test_commands": (
            "an_invitation_is_listed_as_a_registration_once_it_was_used", "revoke_ends_a_registration",
            "an_lms_that_cannot_register_itself_is_added_by_hand",
        ),
    },
    "a login by GET or POST is looked up, stored for ten minutes, and answered by 302": {
        "test_launch": (
            "a_login_goes_to_the_platform_by_302", "a_login_without_a_client_id_is_of_the_only_registration",
            "a_login_of_strangers_or_to_elsewhere_is_refused", "a_state_lives_ten_minutes",
        ),
    },
    "a launch works once, in the browser that began it": {
        "test_launch": (
            "a_launch_works_once", "a_launch_that_was_refused_cannot_be_tried_again",
            "another_browsers_state_opens_nothing", "a_token_of_one_login_is_not_good_for_another",
        ),
    },
    "what its token says is believed after every check: signature, issuer, audience, time, nonce, version, message, "
    "deployment, target": {
        "test_launch": (
            "a_token_that_says_something_else_is_refused", "a_token_that_the_platform_did_not_sign_is_refused",
            "a_token_that_is_only_worded_otherwise_is_accepted",
        ),
        "test_bounds": ("a_minute_of_two_clocks_and_an_hour_of_age_are_the_bounds",),
        "test_open_edx": ("another_logins_token_of_open_edx_is_refused",),
    },
    "a launch answers with 303 to a page of ours; a session is an address and a partitioned cookie, eight hours, six a "
    "browser, one person a browser": {
        "test_launch": ("a_launch_opens_the_students_page", "a_teachers_launch_opens_the_class"),
        "test_sessions": (
            "the_address_alone_opens_nothing", "two_tabs_of_one_person_stay_open",
            "another_person_at_the_same_computer_ends_what_was_open", "the_newest_six_of_a_browser_stay",
            "a_page_ends_after_eight_hours_and_is_forgotten", "a_person_who_left_has_no_page",
        ),
    },
    "where the cookie is lost: the platform's storage, else a window": {
        "test_sessions": (
            "the_cookie_is_partitioned_and_a_browser_that_drops_it_gets_a_window",
            "the_platforms_storage_stands_in_for_a_lost_cookie", "a_storage_with_no_name_of_a_frame_is_none",
            "a_claim_of_a_session_needs_its_secret",
        ),
    },
    "exact roles of the course; none is no access; who looks as a student sees and records nothing": {
        "test_launch": (
            "only_exact_roles_of_the_course_open_a_page", "a_teacher_who_looks_as_a_student_sees_and_records_nothing",
            "a_student_whom_an_lms_calls_a_teacher_sees_no_class",
        ),
        "test_open_edx": ("no_role_is_no_access", "staff_of_an_open_edx_course_teaches_it"),
        "test_provider_mock": ("its_handshake_is_believed_and_without_a_role_there_is_no_access",),
    },
    "an unknown key is asked for once more, at most once a minute, by one for all; of our own keys two while they "
    "change, named by their thumbprint, for an hour": {
        "test_launch": ("a_platform_that_rotates_its_keys_is_asked_once_more",),
        "test_bounds": (
            "a_class_that_clicks_at_once_fetches_the_platforms_keys_once", "the_id_of_our_key_is_its_thumbprint",
        ),
        "test_registration": ("the_keys_rotate_with_two_published_and_are_never_stored_in_clear",),
        "test_commands": ("rotate_makes_a_new_key",),
    },
    "an unknown deployment, person or course is a friendly page, and a line with the command that admits it": {
        "test_launch": (
            "an_unknown_deployment_waits_for_the_school", "an_unknown_person_is_matched_once_for_good",
            "nothing_is_written_down_of_somebody_who_was_erased",
        ),
        "test_commands": (
            "what_is_unknown_is_listed_with_the_command_that_admits_it", "a_match_that_means_nobody_is_refused",
        ),
    },
    "a name is learned from a stronger one and never moves; each product's own names, none unresolved, no person's "
    "own": {
        "test_launch": (
            "a_name_never_moves_to_another_student", "a_sourcedid_of_the_roster_introduces_a_new_name",
            "custom_fields_name_nobody_outside_of_canvas", "the_course_title_opens_no_class_of_another_teacher",
        ),
        "test_names": (
            "a_launch_is_joined_by_what_its_product_and_the_roster_both_know",
            "no_other_products_launch_is_joined_by_it", "a_value_that_was_not_resolved_names_nobody",
            "canvass_number_alone_names_nobody", "a_short_number_is_no_last_segment",
            "an_address_ends_with_one_persons_segment_only", "a_person_is_never_known_by_a_name",
            "an_e_mail_address_names_somebody_where_the_school_wants_it",
            "a_course_is_joined_to_its_class", "a_course_that_has_its_class_is_not_chosen_again",
        ),
    },
    "forms come from our own page and session; only the platform frames a page; nothing is stored or passed on; "
    "https": {
        "test_bounds": (
            "a_form_is_taken_only_from_where_the_browser_says_that_we_are", "a_forms_token_is_of_one_session",
        ),
        "test_names": ("the_choice_comes_from_the_teachers_own_page",),
        "test_sessions": ("every_answer_of_the_pages_is_safe_to_frame_and_to_leave",),
        "test_registration": ("registration_is_refused_while_our_own_address_is_plain_http",),
        "test_commands": ("an_invitation_needs_an_https_address",),
    },
    "no claim about a person is asked for but an id": {
        "test_registration": ("an_invitation_registers_one_platform_once",),
        "test_services": ("a_first_roster_comes_without_any_file",),
    },
}  # fmt: skip
HEAD = """# What a hostile platform gets

`python -m tests.web.lti.rules`: each rule of LTI, the files in `tests/web/lti` that show it, and how many cases they
try. A case is one request that a hostile platform, a hostile page or an unusual browser makes and that is refused, or
one of the unusual ones that must be let in. Two platforms that others have written are among them: Open edX's signer
(lti-consumer-xblock 11.4.4) and lti-provider-mock 0.2.3, which sends no roles (`make lti-consumer`). In a browser, on
two sites: [a course in an LMS](lms.md).

| rule | cases | shown in |
|---|---:|---|
"""
MIDDLE = """
## Faults put in on purpose

Each was put into the code by hand on 2026-11-29, and `test_launch` (for the first one `test_sessions` too) was run,
without the tests that put faults in themselves.

| fault | tests that fail |
|---|---|
"""
FAULTS = {
    "cookies without `Partitioned`": "31, `a_launch_opens_the_students_page`, `two_tabs_of_one_person_stay_open` ...",
    "a login's state is read, not deleted": "`a_launch_works_once`, `a_launch_that_was_refused_cannot_be_tried_again`",
    "any nonce": "`a_token_of_one_login_is_not_good_for_another`, `a_token_that_says_something_else_is_refused`",
}


def cases() -> Counter[tuple[str, str]]:
    """Return how many cases each test has, as pytest collects them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "not chaos", str(HERE)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found: Counter[tuple[str, str]] = Counter()
    for line in ran.stdout.splitlines():
        path, separator, name = line.partition("::test_")
        if separator:
            found[Path(path).stem, name.partition("[")[0]] += 1
    return found


def page(count: Counter[tuple[str, str]]) -> str:
    """Return the page."""
    rows = []
    for rule, files in RULES.items():
        number = sum(count[file, name] for file, names in files.items() for name in names)
        rows.append(f"| {rule} | {number} | {', '.join(sorted(files))} |")
    total = sum(count[each] for each in {(f, name) for files in RULES.values() for f in files for name in files[f]})
    faults = "".join(f"| {fault} | {tests} |\n" for fault, tests in FAULTS.items())
    return HEAD + "\n".join(rows) + f"\n\n{total} cases in all.\n" + MIDDLE + faults


if __name__ == "__main__":
    PAGE.write_text(page(cases()), encoding="utf-8")
