"""One person under a new sourcedId: recognised where that is certain, else named for `souschef person merge`.

It is certain where the new row has an LMS account that is stored for one person of the same role, whom the files no
longer have as active, and where the given or family name and also the grade or the number agree. Then the stored person
gets the new ref and keeps all that is theirs. Where only the account is the same, it moves to the new row, as the file
says, and a notice names the two.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import update
from sqlmodel import col

from lms.files.rows import PersonRow
from models.imports.session import ImportSession
from models.rows import change, fetch
from models.students import people
from models.tables import Person
from models.tables.people import AliasKind

ONE_PERSON = "The two are one person; nothing to do."


@dataclass(frozen=True, slots=True)
class StoredPerson:
    """Who has an account now."""

    account: str
    id: int
    ref: str
    role: str
    given_name: str | None
    family_name: str | None
    grade: float | None


def recognise_people(load: ImportSession) -> None:
    """Give stored people the new refs that their rows have, and note accounts that move between two people."""
    _leave_out_second_rows(load)
    if "users" in load.bundle.deltas:
        return  # It does not say who has left.
    new = [row for row in load.bundle.people.values() if row.active and row.accounts]
    owners = _owners(load, new)
    numbers = _names(load, {row.identifier for row in new if row.identifier})
    claims: list[tuple[PersonRow, StoredPerson]] = []
    for row in new:
        found = _former(load, row, owners)
        if found is None:
            continue
        if row.ref not in load.ids("person") and _is_certain(row, found, numbers.get(row.identifier or "")):
            claims.append((row, found))
        else:
            _tell_move(load, row, found)
    claimed = Counter(old.id for _, old in claims)
    for row, old in claims:
        if claimed[old.id] == 1:
            _rename(load, row, old)
        else:
            _tell_move(load, row, old)


def _leave_out_second_rows(load: ImportSession) -> None:
    """Leave out rows under a former ref of somebody whom the files have under the new one: it would be a twin.

    Under another name it is somebody else who was given the ref, or a twin after all: a notice says so.
    """
    people = load.bundle.people
    unknown = [ref for ref in people if ref not in load.ids("person")]
    refs = load.refs("person")
    before = len(people)
    for former, person in _names(load, unknown).items():
        now = people.get(refs[person])
        if now is None:
            continue
        row = people[former]
        wrong, hint = f"{former!r} is a former id of {now.ref!r}, who is in the file too", ONE_PERSON
        if _full_name(now) == _full_name(row):
            del people[former]
            load.former_refs.add(former)
        else:
            wrong += " under another name: this is a new person"
            hint = f"If they are one: take the row out, and souschef person merge {former} {now.ref}"
        load.bundle.notice(replace(row.at, schools=()), "sourcedId", wrong, hint)
    if len(people) < before:
        load.bundle.names = load.bundle.names.narrowed({"person": people})


def _full_name(row: PersonRow) -> tuple[str | None, str | None]:
    return row.given_name, row.family_name


def _former(load: ImportSession, row: PersonRow, owners: dict[str, StoredPerson]) -> StoredPerson | None:
    """Return the one other person whose accounts the row has, if the files no longer have them as active."""
    mine = [
        name for name in row.accounts if (alias := load.bundle.aliases.get(("person", name))) and alias.ref == row.ref
    ]
    found = {owners[name].id: owners[name] for name in mine if name in owners}
    found.pop(load.ids("person").get(row.ref, 0), None)
    if len(found) != 1:
        return None
    old = next(iter(found.values()))
    described = load.bundle.people.get(old.ref)
    return None if described is not None and described.active else old


def _is_certain(row: PersonRow, old: StoredPerson, number_of: int | None) -> bool:
    names = ((row.given_name, old.given_name), (row.family_name, old.family_name))
    same_name = any(one and other and one.casefold() == other.casefold() for one, other in names)
    same_grade = row.grade is not None and row.grade == old.grade
    return row.role == old.role and same_name and (same_grade or number_of == old.id)


def _rename(load: ImportSession, row: PersonRow, old: StoredPerson) -> None:
    person = update(Person).where(col(Person.id) == old.id, col(Person.school_id) == load.school_id)
    change(load.session, person.values(ref=row.ref))
    load.forget("person")
    load.report.renamed.append((old.ref, row.ref))
    load.former_refs.add(old.ref)
    if load.bundle.people.pop(old.ref, None) is not None:
        load.bundle.names = load.bundle.names.narrowed({"person": load.bundle.people})


def _tell_move(load: ImportSession, row: PersonRow, old: StoredPerson) -> None:
    wrong = f"{row.ref!r} has an account that was {old.ref!r}'s, who is not in the file as active"
    hint = f"If they are one person: souschef person merge {old.ref} {row.ref} --by NAME --reason TEXT"
    load.bundle.notice(replace(row.at, schools=()), "userIds", wrong, hint)


def _owners(load: ImportSession, rows: Collection[PersonRow]) -> dict[str, StoredPerson]:
    """Return whose each account is now."""
    statement = """
        SELECT alias.name AS account, person.id, person.ref, person.role, given_name, family_name, grade
          FROM souschef.alias JOIN souschef.person ON person.id = alias.target_id
         WHERE alias.school_id = :school AND alias.kind = 'person' AND alias.name = ANY(CAST(:names AS text[]))
    """
    names = sorted({name for row in rows for name in row.accounts})
    found = fetch(load.session, StoredPerson, statement, {"school": load.school_id, "names": names})
    return {owner.account: owner for owner in found}


def _names(load: ImportSession, names: Collection[str]) -> dict[str, int]:
    """Return whose each of these names is now."""
    return people.resolve_names(load.session, load.school_id, AliasKind.PERSON, names)
