"""Clinics of the file and of the page: who says what a clinic is, and what goes with one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads.actions.check import check
from leads.clinics.form import ClinicDraft
from leads.config import ClinicTable, Settings
from leads.errors import ConflictError, InputError
from leads.records import Records, clinics, open_records, rules, users
from leads.records.clinics import adopt_file, known, taken_over
from leads.records.tables.clinics import ClinicRow
from leads.records.tables.people import Audit
from leads.records.tables.work import Case

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
DRAFT = ClinicDraft(name="安和口腔", lat=30.64, lon=104.04, adcode="510107", reach_km=4.0, aliases=("安和",))


def filed(folder: Path, *ids: str) -> Settings:
    tables = tuple(ClinicTable(id=each, name=f"文件里的{each}", lat=30.64, lon=104.04) for each in ids)
    return Settings(data_dir=folder, clinics=tables)


def names(records: Records) -> dict[str, str]:
    with records.reading() as session:
        return {clinic.id: clinic.name for clinic in clinics.clinics(session)}


def adopt(records: Records, settings: Settings) -> None:
    with records.transaction() as session:
        adopt_file(session, settings)


def test_a_clinic_of_the_page_is_a_clinic(records: Records) -> None:
    with records.transaction() as session:
        row = clinics.add(session, DRAFT, who="lin", now=NOW)
    with records.reading() as session:
        (clinic,) = clinics.clinics(session)
        audit = session.query(Audit).one()
    assert (row.id, clinic.name, clinic.aliases, clinic.reach_km) == (
        "anhekouqiang", "安和口腔", ("安和",), 4.0,
    )  # fmt: skip
    assert (audit.action, audit.who, audit.subject) == ("clinic.add", "lin", "clinic:anhekouqiang")


def test_an_id_is_given_once(records: Records) -> None:
    with records.transaction() as session:
        clinics.add(session, DRAFT, who="lin", now=NOW, clinic_id="anhe")
    with pytest.raises(InputError, match="anhe"), records.transaction() as session:
        clinics.add(session, DRAFT, who="lin", now=NOW, clinic_id="anhe")


def test_a_second_clinic_of_one_name_has_an_id_of_its_own(records: Records) -> None:
    with records.transaction() as session:
        ids = [clinics.add(session, DRAFT, who="lin", now=NOW).id for _ in range(2)]
        strange = clinics.add(session, replace(DRAFT, name="☺☺"), who="lin", now=NOW).id
    assert ids == ["anhekouqiang", "anhekouqiang-2"]
    assert strange == "clinic"


def test_two_people_do_not_overwrite_each_other(records: Records) -> None:
    with records.transaction() as session:
        row = clinics.add(session, DRAFT, who="lin", now=NOW, clinic_id="anhe")
    version = row.version
    with records.transaction() as session:
        clinics.change(session, "anhe", replace(DRAFT, name="安和"), version=version, who="lin", now=NOW)
    with pytest.raises(ConflictError, match="别人改过"), records.transaction() as session:
        clinics.change(session, "anhe", DRAFT, version=version, who="chen", now=NOW)
    assert names(records) == {"anhe": "安和"}


def test_the_file_says_what_its_clinics_are_until_the_page_takes_one_over(
    records: Records, tmp_path: Path
) -> None:
    adopt(records, filed(tmp_path, "anhe", "qingmu"))
    with records.transaction() as session:
        row = clinics.get(session, "anhe")
        assert row is not None
        assert row.managed_by == "file"
        clinics.change(session, "anhe", DRAFT, version=row.version, who="lin", now=NOW)
    adopt(records, filed(tmp_path, "anhe"))  # the next start, with one clinic less in the file
    assert names(records) == {"anhe": "安和口腔"}
    adopt(records, filed(tmp_path))
    assert names(records) == {"anhe": "安和口腔"}


def test_a_clinic_of_the_file_is_not_removed_by_the_page(records: Records, tmp_path: Path) -> None:
    adopt(records, filed(tmp_path, "anhe"))
    with pytest.raises(InputError, match="从文件里删掉"), records.transaction() as session:
        clinics.remove(session, "anhe", who="lin", now=NOW)
    assert "anhe" in names(records)


def test_what_goes_with_a_clinic_is_told_before_and_done_after(records: Records) -> None:
    with records.transaction() as session:
        for clinic_id in ("anhe", "anhe-2"):
            clinics.add(session, DRAFT, who="lin", now=NOW, clinic_id=clinic_id)
        users.add_user(
            session, login="doc", name="林医生", role="doctor", now=NOW, clinic_ids=("anhe", "anhe-2")
        )
        rules.add(session, name="附近", kind="lead", query="near=anhe&q=牙疼", who="lin", now=NOW)
        rules.add(session, name="提到", kind="mention", query="clinic=anhe", who="lin", now=NOW)
        rules.add(session, name="别家", kind="lead", query="near=anhe-2", who="lin", now=NOW)
        session.add(Case(lead_id="forum/1", opened_at=NOW, changed_at=NOW, clinic_id="anhe"))
    with records.transaction() as session:
        affected = clinics.affected(session, "anhe")
        assert affected.doctors == ("林医生",)
        assert sorted(affected.rules) == ["提到", "附近"]
        assert affected.cases == 1
        clinics.remove(session, "anhe", who="lin", now=NOW + timedelta(hours=1))
    with records.reading() as session:
        assert {rule.name: rule.enabled for rule in rules.all(session)} == {
            "附近": False, "提到": False, "别家": True,
        }  # fmt: skip
        doctor = users.by_login(session, "doc")
        assert doctor is not None
        assert doctor.clinic_ids == ["anhe-2"]
        assert session.get(ClinicRow, "anhe") is None
    with records.transaction() as session:
        clinics.remove(session, "anhe", who="lin", now=NOW)  # twice is fine


def test_changing_what_somebody_removed_is_a_conflict(records: Records) -> None:
    with pytest.raises(ConflictError, match="删除"), records.transaction() as session:
        clinics.change(session, "gone", DRAFT, version=1, who="lin", now=NOW)


def test_commands_know_the_clinics_of_the_page_and_make_no_file(tmp_path: Path) -> None:
    settings = filed(tmp_path, "qingmu", "anhe")
    assert [clinic.id for clinic in known(settings)] == ["anhe", "qingmu"]
    assert list(tmp_path.iterdir()) == []
    with open_records(settings) as records, records.transaction() as session:
        adopt_file(session, settings)
        row = clinics.get(session, "anhe")
        assert row is not None
        clinics.change(session, "anhe", DRAFT, version=row.version, who="lin", now=NOW)
        clinics.add(session, replace(DRAFT, name="新店"), who="lin", now=NOW, clinic_id="new")
    assert {clinic.id: clinic.name for clinic in known(settings)} == {
        "qingmu": "文件里的qingmu", "anhe": "安和口腔", "new": "新店",
    }  # fmt: skip
    assert taken_over(settings) == ("anhe",)


def test_check_says_which_tables_mean_nothing_any_more(tmp_path: Path) -> None:
    config = tmp_path / "tingzhen.toml"
    config.write_text('[[clinics]]\nid = "anhe"\nname = "安和"\nlat = 30.64\nlon = 104.04\n', "utf-8")
    settings = Settings(data_dir=tmp_path / "data")
    settings.data_dir.mkdir()
    with open_records(settings) as records, records.transaction() as session:
        clinics.add(session, DRAFT, who="lin", now=NOW, clinic_id="anhe")
    found = [(each.level, each.text) for each in check(config) if each.topic == "诊所"]
    assert any(level == "warning" and "anhe" in text and "不再起作用" in text for level, text in found)
