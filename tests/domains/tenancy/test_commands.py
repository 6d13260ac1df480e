"""`frontdesk tenant`: lists, shows, checks, applies, removes, and makes a first file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from frontdesk.core.errors import ConfigurationError
from frontdesk.core.log.database import open_database
from frontdesk.core.settings import Settings
from frontdesk.core.tenant.files import content_of
from frontdesk.domains.tenancy.directory import TenantDirectory
from frontdesk.domains.tenancy.documents import document_text
from frontdesk.domains.tenancy.files import TenantFiles
from frontdesk.domains.tenancy.first_file import read_hours, read_service, slug_of, zones_of
from frontdesk.domains.tenancy.tenant import load_tenant
from tests.domains.tenancy.command_line import CommandLine

TENANTS = Path(__file__).parents[3] / "tenants"
OPTIONS = {
    "name": "Zoë's Salon",
    "industry": "hair",
    "country": "au",
    "email": "zoe@salon.example",
    "phone": "",
    "hours": "9:00-17:30",
    "service": "Cut & colour=145.50/90",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home with a folder of one file."""
    folder = tmp_path / "tenants"
    folder.mkdir()
    shutil.copy(TENANTS / "noizylab.yaml", folder)
    monkeypatch.setenv("FRONTDESK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FRONTDESK_TENANTS_DIR", str(folder))
    return folder


_tenant = CommandLine("tenant")
run, said, refused = _tenant.run, _tenant.said, _tenant.refused


def init_words(**changes: str | None) -> list[str]:
    options = {key: value for key, value in (OPTIONS | changes).items() if value is not None}
    return ["init", *(word for key, value in options.items() for word in (f"--{key}", value))]


def write_files(folder: Path) -> None:
    engine = open_database(Settings().event_log_url)
    TenantFiles.open(engine, folder=folder).write_changes()
    engine.dispose()


def test_a_new_home_has_no_version_and_is_not_made() -> None:
    assert "No version is in force yet" in said("list")
    assert "noizylab: no version is in force" in refused("show", "noizylab")
    assert not Settings().home.exists()


def test_versions_are_listed_and_shown(folder: Path) -> None:
    write_files(folder)
    listed = said("list")
    assert all(each in listed for each in ("noizylab", "NOIZYLAB", "the file noizylab.yaml", "UTC"))
    shown = said("show", "noizylab")
    assert shown.startswith("slug: noizylab\nname: NOIZYLAB\n")
    assert yaml.safe_load(shown) == yaml.safe_load(document_text(content_of(folder / "noizylab.yaml")))


@pytest.mark.parametrize("file", sorted(TENANTS.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_document_that_is_shown_is_a_valid_file_that_says_the_same(tmp_path: Path, file: Path) -> None:
    again = tmp_path / file.name
    again.write_text(document_text(content_of(file)), encoding="utf-8")
    assert content_of(again) == content_of(file)
    assert load_tenant(again) == load_tenant(file)


def test_a_version_is_applied_at_once_and_an_older_one_can_be_shown(folder: Path, tmp_path: Path) -> None:
    write_files(folder)
    draft = tmp_path / "draft.yaml"
    text = (folder / "noizylab.yaml").read_text(encoding="utf-8")
    draft.write_text(text.replace("name: NOIZYLAB", "name: Noizy"), encoding="utf-8")
    applied = said("apply", str(draft))
    assert "noizylab: in force, sequence 2." in applied
    assert "says something else" in applied, "its own file does"
    assert "in force already" in said("apply", str(draft))
    assert "name: Noizy\n" in said("show", "noizylab")
    assert "name: NOIZYLAB\n" in said("show", "noizylab", "--as-of", "1")
    assert "at the command line" in said("list")


def test_a_wrong_file_is_not_applied_and_a_check_tells_each_problem(tmp_path: Path) -> None:
    assert "valid, NOIZYLAB (noizylab)" in said("check", str(TENANTS / "noizylab.yaml"))
    text = (TENANTS / "noizylab.yaml").read_text(encoding="utf-8")
    draft = tmp_path / "draft.yaml"
    draft.write_text(
        text.replace("zone: America/Toronto", "zone: Toronto").replace("price: 89.00", "price: [1]"), encoding="utf-8"
    )
    result = run("check", str(draft))
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["zone", "services.0.price"]
    assert all("(line " in line and "Input should" not in line for line in lines)
    assert "'Toronto' is no IANA zone" in refused("apply", str(draft))
    assert "not readable" in run("check", str(tmp_path / "nowhere.yaml")).output


def test_a_business_leaves_once_its_file_is_gone(folder: Path) -> None:
    write_files(folder)
    assert "take it away first" in refused("remove", "noizylab", "--yes")
    (folder / "noizylab.yaml").unlink()
    assert run("remove", "noizylab", typed="n\n").exit_code == 1
    assert "name: NOIZYLAB" in said("show", "noizylab")
    assert "it has left" in said("remove", "noizylab", typed="y\n")
    assert "it has left" in refused("show", "noizylab")
    assert "name: NOIZYLAB" in said("show", "noizylab", "--as-of", "1")
    assert "no version is in force" in refused("remove", "noizylab", "--yes")
    engine = open_database(Settings().event_log_url)
    directory = TenantDirectory.open(engine, folder=TENANTS)
    assert "noizylab" not in directory
    engine.dispose()


@pytest.mark.parametrize(
    ("country", "zone", "currency"),
    [
        ("AU", "Australia/Sydney", "AUD"),
        ("BR", "America/Sao_Paulo", "BRL"),
        ("CA", "America/Toronto", "CAD"),
        ("CN", "Asia/Shanghai", "CNY"),
        ("DE", "Europe/Berlin", "EUR"),
        ("GB", "Europe/London", "GBP"),
        ("IN", "Asia/Kolkata", "INR"),
        ("JP", "Asia/Tokyo", "JPY"),
        ("MX", "America/Mexico_City", "MXN"),
        ("NZ", "Pacific/Auckland", "NZD"),
        ("US", "America/New_York", "USD"),
        ("ZA", "Africa/Johannesburg", "ZAR"),
    ],
)
def test_a_first_file_is_valid_in_many_countries(folder: Path, country: str, zone: str, currency: str) -> None:
    price = "4500" if currency == "JPY" else "45.00"
    output = said(*init_words(country=country, service=f"Cut={price}"))
    tenant = load_tenant(folder / "zoes-salon.yaml")
    assert (tenant.zone, tenant.currency, tenant.country) == (zone, currency, country)
    assert "frontdesk tenant check" in output
    assert "frontdesk staff add" in output


def test_a_first_file_says_what_was_answered(folder: Path) -> None:
    said(*init_words(phone="+61491570156"))
    file = folder / "zoes-salon.yaml"
    tenant = load_tenant(file)
    assert (tenant.name, tenant.phone) == ("Zoë's Salon", "+61491570156")
    [service] = tenant.services
    assert (service.key, service.name, str(service.price), service.duration_minutes) == (
        "cut_colour",
        "Cut & colour",
        "145.5",
        90,
    )
    assert list(tenant.hours) == ["monday", "tuesday", "wednesday", "thursday", "friday"]
    assert f"{tenant.hours['monday'][0].closes:%H:%M}" == "17:30"
    sections = file.read_text(encoding="utf-8").split("\n\n")
    assert all(section.startswith("# ") for section in sections)
    assert "valid" in said("check", str(file))


def test_what_no_option_gives_is_asked_and_asked_again(folder: Path) -> None:
    answers = (
        "Zoë's Salon\n\nhair\nAustralia\nAU\n\n\nnobody\nzoe@salon.example\n\nlate\n\nCut\nCut=45\nDye=60/30\n\n"
    )
    output = said("init", typed=answers)
    assert "[zoes-salon]" in output
    assert "country: is 'AUSTRALIA'" in output
    assert "email: is 'nobody'" in output
    assert "hours: 'late'" in output
    tenant = load_tenant(folder / "zoes-salon.yaml")
    assert [(each.name, each.duration_minutes) for each in tenant.services] == [("Cut", 60), ("Dye", 30)]


def test_a_first_file_is_refused_in_one_line(folder: Path) -> None:
    said(*init_words())
    assert "is there already" in refused(*init_words())
    assert refused(*init_words(slug="other", country="XX")).startswith("country: is 'XX'")
    assert refused(*init_words(slug="Other")).startswith("slug: is 'Other'")
    assert refused(*init_words(slug="other", email=None)) == "email: nobody answers here; give --email"
    assert refused(*init_words(slug="other", service="Cut")).startswith("service: 'Cut' is none")
    assert not (folder / "other.yaml").exists()


def test_proposals() -> None:
    assert slug_of("理髪店") == ""
    assert zones_of("XX") == []
    assert read_hours("8:00 - 12:30") == ("08:00", "12:30")
    assert read_service("A=B=3.5/15").name == "A=B"
    with pytest.raises(ConfigurationError, match="Haircut"):
        read_service("Cut=NaN")
