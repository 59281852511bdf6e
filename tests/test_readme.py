"""What README.md lists is what the commands take and the filters answer."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from crawler import settings
from crawler.plan import ARGUMENTS
from crawler.reasons import REASONS as REFUSALS
from filters.text import REASONS as TEXT_REASONS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def section(title: str) -> str:
    """The part under the heading that has `title` in it."""
    found = re.search(rf"^## [^\n]*{re.escape(title)}.*?(?=^## |\Z)", README, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("module", ["pipelines.build_lait", "training.pretrain"])
def test_every_option_of_a_command_is_in_its_section_and_no_other(module: str) -> None:
    command = [sys.executable, "-m", module, "--help"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", said, re.MULTILINE)) - {"--help"}
    listed = set(re.findall(r"^\| .*?\|", section(module.rpartition(".")[2]), re.MULTILINE))
    named = {option for row in listed for option in re.findall(r"`(--[a-z_-]+)", row)}
    assert named - {"--runner", "--direct_num_workers"} == options


def test_every_crawl_argument_and_setting_is_listed_with_its_default() -> None:
    crawl = section("scrapy crawl webpages")
    assert set(re.findall(r"`-a (\w+)=`", crawl)) == set(ARGUMENTS)
    defaults = dict(re.findall(r"^\| `-s (\w+)=` \| ([\d.]+)", crawl, re.MULTILINE))
    assert len(defaults) == 5
    assert {name: float(value) for name, value in defaults.items()} == {
        name: float(getattr(settings, name)) for name in defaults
    }


def test_every_reason_is_listed() -> None:
    assert set(REFUSALS) <= set(re.findall(r"`(\w+)`", section("scrapy crawl webpages")))
    assert set(TEXT_REASONS) <= set(re.findall(r"`(\w+)`", section("build_lait")))


def test_every_file_the_readme_points_to_exists() -> None:
    paths = [path for path in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in path]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
