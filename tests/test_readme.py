"""What README.md lists is what the commands take and the filters answer."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from crawler import settings
from crawler.image_input import ARGUMENTS as IMAGE_ARGUMENTS
from crawler.plan import ARGUMENTS as PAGE_ARGUMENTS
from crawler.reasons import REASONS as REFUSALS
from filters.blocklist import BlocklistFilter
from filters.image import ImageFilter
from filters.natural import NaturalFilter
from filters.nsfw import NsfwFilter
from filters.size import SizeFilter
from filters.text import REASONS as TEXT_REASONS
from filters.text import TextFilter

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CRAWLER = (ROOT / "crawler" / "README.md").read_text()
FILTERS = (ROOT / "filters" / "README.md").read_text()


def section(title: str, text: str = README) -> str:
    """The part under the heading that has `title` in it."""
    found = re.search(rf"^## [^\n]*{re.escape(title)}.*?(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("pipelines.build_lait", README),
        ("pipelines.takedown", README),
        ("pipelines.export", README),
        ("training.pretrain", README),
        ("pipelines.extract_candidates", CRAWLER),
    ],
)
def test_every_option_of_a_command_is_in_its_section_and_no_other(module: str, text: str) -> None:
    command = [sys.executable, "-m", module, "--help"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", said, re.MULTILINE)) - {"--help"}
    listed = set(re.findall(r"^\| .*?\|", section(module.rpartition(".")[2], text), re.MULTILINE))
    named = {option for row in listed for option in re.findall(r"`(--[a-z_-]+)", row)}
    assert named - {"--runner", "--direct_num_workers"} == options


def test_every_argument_of_a_spider_is_in_its_section() -> None:
    assert set(re.findall(r"`-a (\w+)=`", section("scrapy crawl webpages", CRAWLER))) == set(PAGE_ARGUMENTS)
    assert set(re.findall(r"`-a (\w+)=`", section("scrapy crawl images", CRAWLER))) == set(IMAGE_ARGUMENTS)


def test_every_setting_of_the_crawler_is_listed_with_its_default() -> None:
    listed: dict[str, str] = {}
    for names, values in re.findall(r"^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \| ([^|]+) \|", CRAWLER, re.MULTILINE):
        each = re.findall(r"[A-Z_]+", names)
        listed |= zip(each, values.split(", ") if len(each) > 1 else [values], strict=True)
    assert {name for name in dir(settings) if name.startswith("LAIT_")} <= set(listed)
    told = {name: value for name, value in listed.items() if re.fullmatch(r"[\d.]+|True|`80,443`", value)}
    assert len(told) >= 20
    for name, value in told.items():
        default = getattr(settings, name)
        assert value.strip("`") == str(default) or float(value) == float(default), name


def test_every_reason_is_listed() -> None:
    assert set(re.findall(r"`(\w+)`", section("Reasons", CRAWLER))) == set(REFUSALS)
    assert set(TEXT_REASONS) <= set(re.findall(r"`(\w+)`", section("build_lait")))


@pytest.mark.parametrize("rules", [BlocklistFilter, ImageFilter, SizeFilter, TextFilter, NsfwFilter, NaturalFilter])
def test_every_threshold_of_a_filter_is_listed_with_its_default(rules: type) -> None:
    listed = re.findall(
        r"^\| `(\w+)` \| ([^|]+) \|", section(f"{rules.__module__}.{rules.__name__}", FILTERS), re.MULTILINE
    )
    assert {name: value.strip("`") for name, value in listed} == {
        field.name: str(field.default) for field in dataclasses.fields(rules)
    }


def test_every_reason_of_the_text_filter_is_listed_with_it() -> None:
    reasons = section("TextFilter", FILTERS).partition("Reasons:")[2]
    assert set(re.findall(r"`(\w+)`", reasons)) == set(TEXT_REASONS)


def test_every_file_the_readme_points_to_exists() -> None:
    paths = [path for path in re.findall(r"\]\(([^)#]+)\)", README + CRAWLER) if "://" not in path]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
