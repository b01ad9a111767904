"""One version everywhere, and what a first visitor looks for."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from support.rules.source_files import PACKAGES, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PUBLIC = (
    "CHANGELOG.md",
    "CITATION.cff",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    ".devcontainer/devcontainer.json",
    ".editorconfig",
    ".gitattributes",
    ".github/ISSUE_TEMPLATE/bug.yml",
    ".github/ISSUE_TEMPLATE/data.yml",
    ".github/ISSUE_TEMPLATE/feature.yml",
    ".github/dependabot.yml",
    ".github/pull_request_template.md",
    ".pre-commit-config.yaml",
)
YAML = [path for pattern in (".github/**/*.yml", "deploy/*.yaml") for path in ROOT.glob(pattern)]


def test_the_newest_release_of_the_changelog_is_this_version() -> None:
    """Unreleased changes come first, then the versions with their days, newest first."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[0] == "Unreleased"
    releases = [re.fullmatch(r"(\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)", each) for each in headings[1:]]
    assert all(releases)
    assert next(found[1] for found in releases if found) == PROJECT["version"]
    days = [found[2] for found in releases if found]
    assert days == sorted(days, reverse=True)


def test_citation_and_image_have_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"]
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    images = {service["image"] for service in compose["services"].values()}
    assert images == {f"tokentide:{PROJECT['version']}"}


@pytest.mark.parametrize("name", PUBLIC)
def test_the_public_face_is_there(name: str) -> None:
    assert (ROOT / name).stat().st_size > 0


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_marked_as_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


@pytest.mark.parametrize("path", YAML, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_of_services_can_be_parsed(path: Path) -> None:
    assert yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_workflow_runs_what_continuous_integration_runs_here() -> None:
    """One definition of green: .ci/run, which runs `make test`."""
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert ".ci/run" in workflow
    assert "make -j4 test" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_services_run_verbs_that_exist_on_loopback_only() -> None:
    """No port is published: both pages listen on the host's loopback."""
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    for service in compose["services"].values():
        assert service["network_mode"] == "host"
        assert "ports" not in service
        assert service["environment"]["TOKENTIDE_HOME"] == "/var/lib/tokentide"
    assert compose["services"]["up"]["command"] == ["tokentide", "up", "--no-tier"]
