"""The clinics that are looked for leads and mentions: those of tingzhen.toml and those kept on the page.

A clinic of the file is brought up to date on every start. Saving it on the page takes it over: from then on
its table in the file is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from leads.clinics.doctors import card_of
from leads.clinics.form import ClinicDraft, id_of
from leads.config import Settings
from leads.errors import ConflictError, InputError
from leads.models import Clinic
from leads.records.database import FILE, open_records
from leads.records.tables.alerts import Rule
from leads.records.tables.clinics import ClinicRow
from leads.records.tables.digests import DigestPlan
from leads.records.tables.people import Audit, User
from leads.records.tables.work import Case, Snippet

_LISTS = ("aliases", "doctors", "specialties", "exclude", "competitors", "own_accounts", "cards")


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """What would lose its clinic."""

    doctors: tuple[str, ...]  # names of people who see what concerns it
    rules: tuple[str, ...]  # names of enabled rules that speak of it
    cases: int
    digests: int
    snippets: int


def clinics(session: Session) -> tuple[Clinic, ...]:
    """Every clinic, those of the file first in its order of ids, as the rest of the system knows them."""
    return tuple(_clinic(row) for row in rows(session))


def rows(session: Session) -> Sequence[ClinicRow]:
    """The same as they are kept."""
    return session.scalars(select(ClinicRow).order_by(ClinicRow.managed_by, ClinicRow.id)).all()


def get(session: Session, clinic_id: str) -> ClinicRow | None:
    """The clinic of this id."""
    return session.get(ClinicRow, clinic_id)


def known(settings: Settings) -> tuple[Clinic, ...]:
    """The clinics for who has no open records: a command, a crawl. Changes nothing and makes no file.

    Raises:
        ConfigError: a clinic in the file is wrong.
        StorageError: the records cannot be read.
    """
    filed = {clinic.id: clinic for clinic in settings.clinic_records()}
    if settings.records == "sqlite" and not (settings.data_dir / FILE).exists():
        return tuple(filed[key] for key in sorted(filed))
    with open_records(settings) as records, records.reading() as session:
        kept = [_clinic(row) for row in rows(session) if row.managed_by == "page"]
    taken = {clinic.id for clinic in kept}
    return (*(filed[key] for key in sorted(filed) if key not in taken), *kept)


def taken_over(settings: Settings) -> tuple[str, ...]:
    """Ids in the file that the page has taken over: what the file says of them is not looked at."""
    filed = {clinic.id for clinic in settings.clinic_records()}
    if not filed or (settings.records == "sqlite" and not (settings.data_dir / FILE).exists()):
        return ()
    with open_records(settings) as records, records.reading() as session:
        return tuple(row.id for row in rows(session) if row.managed_by == "page" and row.id in filed)


def adopt_file(session: Session, settings: Settings) -> None:
    """Bring the records to what tingzhen.toml says.

    A clinic that the page has taken over stays as it is there; one that left the file goes.

    Raises:
        ConfigError: a clinic in the file is wrong.
    """
    wanted = {clinic.id: clinic for clinic in settings.clinic_records()}
    kept = {row.id: row for row in session.scalars(select(ClinicRow))}
    for row in kept.values():
        if row.managed_by == "file" and row.id not in wanted:
            session.delete(row)
    for clinic in wanted.values():
        already = kept.get(clinic.id)
        if already is None:
            session.add(ClinicRow(**_columns(clinic), managed_by="file"))
        elif already.managed_by == "file":
            _set(already, _columns(clinic))


def add(session: Session, draft: ClinicDraft, *, who: str, now: datetime, clinic_id: str = "") -> ClinicRow:
    """A new clinic of the page; without an id it gets one after its name.

    Raises:
        InputError: there is a clinic of this id.
    """
    clinic_id = clinic_id or _free_id(session, id_of(draft.name) or "clinic")
    if session.get(ClinicRow, clinic_id) is not None:
        raise InputError(f"已经有 id 为 {clinic_id!r} 的诊所：请换一个。")
    row = ClinicRow(id=clinic_id, **_columns(draft), managed_by="page")
    session.add(row)
    session.flush()
    _audit(session, "clinic.add", row, who, now)
    return row


def change(
    session: Session, clinic_id: str, draft: ClinicDraft, *, version: int, who: str, now: datetime
) -> ClinicRow:
    """The clinic as drafted, the page's from now on.

    Raises:
        ConflictError: somebody changed or removed it since `version` was read.
    """
    row = session.get(ClinicRow, clinic_id)
    if row is None:
        raise ConflictError("这家诊所已被删除：请回到诊所列表。")
    if row.version != version:
        raise ConflictError(f"诊所「{row.name}」刚被别人改过：请重新打开这一页，再改一次。")
    _set(row, _columns(draft))
    row.managed_by, row.version = "page", version + 1
    _audit(session, "clinic.change", row, who, now)
    return row


def remove(session: Session, clinic_id: str, *, who: str, now: datetime) -> None:
    """Remove a clinic of the page. Its rules are switched off and doctors lose it; cases stay.

    A rule that named it would match nothing, and a later clinic of the same id must not be anybody's.

    Raises:
        InputError: tingzhen.toml has it, which would bring it back.
    """
    row = session.get(ClinicRow, clinic_id)
    if row is None:
        return
    if row.managed_by == "file":
        raise InputError(f"诊所「{row.name}」写在 tingzhen.toml 里：请从文件里删掉它，再重新启动听诊。")
    for rule in _rules(session, clinic_id):
        rule.enabled, rule.version, rule.changed_at = False, rule.version + 1, now
    for user in _doctors(session, clinic_id):
        user.clinic_ids = [each for each in user.clinic_ids if each != clinic_id]
    _audit(session, "clinic.remove", row, who, now)
    session.delete(row)


def affected(session: Session, clinic_id: str) -> Affected:
    """Who and what would lose this clinic."""
    plans = session.scalars(select(DigestPlan)).all()
    cases = session.scalar(select(func.count()).select_from(Case).where(Case.clinic_id == clinic_id))
    snippets = session.scalar(select(func.count()).select_from(Snippet).where(Snippet.clinic_id == clinic_id))
    return Affected(
        doctors=tuple(user.name for user in _doctors(session, clinic_id)),
        rules=tuple(rule.name for rule in _rules(session, clinic_id)),
        cases=cases or 0,
        digests=sum(clinic_id in plan.clinic_ids for plan in plans),
        snippets=snippets or 0,
    )


def _doctors(session: Session, clinic_id: str) -> list[User]:
    # Few people: no need for each database's own way to look into JSON.
    return [user for user in session.scalars(select(User)) if clinic_id in user.clinic_ids]


def _rules(session: Session, clinic_id: str) -> list[Rule]:
    found = session.scalars(select(Rule).where(Rule.enabled).order_by(Rule.name))
    return [rule for rule in found if _names(rule.query, clinic_id)]


def _names(query: str, clinic_id: str) -> bool:
    values = parse_qs(query)
    return clinic_id in (*values.get("near", ()), *values.get("clinic", ()))


def _free_id(session: Session, wanted: str) -> str:
    taken = set(session.scalars(select(ClinicRow.id)))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return next(each for each in (wanted, *numbered) if each not in taken)


def _columns(given: Clinic | ClinicDraft) -> dict[str, Any]:  # the columns of a row, each of its own type
    return {key: list(value) if key in _LISTS else value for key, value in asdict(given).items()}


def _set(row: ClinicRow, values: dict[str, Any]) -> None:  # as `_columns`
    for name, value in values.items():
        setattr(row, name, value)


def _audit(session: Session, action: str, row: ClinicRow, who: str, now: datetime) -> None:
    session.add(
        Audit(at=now, who=who, action=action, subject=f"clinic:{row.id}"[:200], detail={"name": row.name})
    )


def _clinic(row: ClinicRow) -> Clinic:
    return Clinic(
        id=row.id,
        name=row.name,
        lat=row.lat,
        lon=row.lon,
        adcode=row.adcode,
        reach_km=row.reach_km,
        aliases=tuple(row.aliases),
        doctors=tuple(row.doctors),
        specialties=tuple(row.specialties),
        exclude=tuple(row.exclude),
        competitors=tuple(row.competitors),
        own_accounts=tuple(row.own_accounts),
        cards=tuple(map(card_of, row.cards)),
    )
