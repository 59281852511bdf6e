"""What the demo site answers to each path: pages laid out from `pages/`, pictures, robots.txt and the sitemap."""

import functools
import html
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from examples.demo_site import photographs, pictures

FOLDER: Final = Path(__file__).resolve().parent
HTML: Final = "text/html; charset=utf-8"
PLAIN: Final = "text/plain; charset=utf-8"
ROBOTS_TXT: Final = Template(
    "User-agent: *\nDisallow: /members/\nDisallow: /private/\n\nSitemap: http://$host/sitemap.xml\n"
)
PICTURE_HEADERS: Final = {"/images/workshop.jpg": (("X-Robots-Tag", "noai, noimageai"),)}
PAGES_IN_PLACE_OF_PICTURES: Final = {"/images/summer-fete.jpg": "/log-in.html"}
GONE: Final = "/regatta-2019.html"  # still in the sitemap and on the contents page
NUMBERED: Final = re.compile(r"^/gallery/frame-(\d\d)\.html$")


@dataclass(frozen=True, slots=True)
class Response:
    """What the server sends: status, content type, further headers, body."""

    status: int
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A file of `pages/`, read.

    Attributes:
        fields: its first lines, `name: value`; `title` and `layout` always, `lang` and `x-robots-tag` sometimes.
        head: what it adds to `<head>`.
        main: its own part of `<body>`.
    """

    fields: dict[str, str]
    head: str
    main: str


@functools.cache
def page_paths() -> tuple[str, ...]:
    """The URL paths of all pages, sorted; files that are no HTML among them, those answered 404 not."""
    files = [path for path in (FOLDER / "pages").rglob("*") if path.is_file() and path.name != "frame.html"]
    written = {f"/{path.relative_to(FOLDER / 'pages').as_posix()}" for path in files if path.name != "index.html"}
    frames = {f"/gallery/frame-{number:02}.html" for number in range(1, len(photographs.GALLERY) + 1)}
    return tuple(sorted({"/"} | (written | frames) - {"/log-in.html"}))


def response(path: str, host: str) -> Response:
    """The answer to GET `path`; `host` (name:port) goes into absolute addresses. Unknown paths answer 404."""
    if path == "/robots.txt":
        return Response(200, PLAIN, ROBOTS_TXT.substitute(host=host).encode())
    if path == "/sitemap.xml":
        return Response(200, "application/xml", sitemap(host).encode())
    if path in PAGES_IN_PLACE_OF_PICTURES:
        return page(PAGES_IN_PLACE_OF_PICTURES[path], host)
    if path in page_paths() or path == "/log-in.html":
        return page(path, host)
    picture = pictures.picture(path)
    if picture:
        return Response(200, picture.content_type, picture.body, PICTURE_HEADERS.get(path, ()))
    return Response(404, HTML, b"<!doctype html><title>Not found</title><p>There is no such page here.</p>")


def page(path: str, host: str) -> Response:
    """A page that exists: HTML in its site's layout, anything else as plain text."""
    if path.endswith(".txt"):
        return Response(200, PLAIN, (FOLDER / "pages" / path[1:]).read_bytes())
    numbered = NUMBERED.match(path)
    source = read_source("/gallery/frame.html" if numbered else path)
    values = {"host": host, "path": path, "number": numbered[1] if numbered else "", "contents": contents()}
    layout = Template((FOLDER / "layouts" / f"{source.fields['layout']}.html").read_text(encoding="utf-8"))
    text = layout.substitute(
        values,
        title=html.escape(Template(source.fields["title"]).substitute(values)),
        lang=source.fields.get("lang", "en"),
        head=Template(source.head).substitute(values),
        main=Template(source.main).substitute(values),
    )
    tag = source.fields.get("x-robots-tag")
    return Response(200, HTML, text.encode(), (("X-Robots-Tag", tag),) if tag else ())


@functools.cache
def read_source(path: str) -> Source:
    """The parts of a page's file: fields, a line `---`, head, a line `---`, main.

    Raises:
        ValueError: the file has no three parts.
    """
    file = FOLDER / "pages" / (path[1:] or "index.html")
    parts = re.split(r"^---\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if len(parts) != 3:
        raise ValueError(f"pages{path} has {len(parts)} parts between lines of ---, not 3")
    fields = dict(line.split(": ", 1) for line in parts[0].splitlines())
    return Source(fields, parts[1], parts[2])


@functools.cache
def contents() -> str:
    """The front page's list of links to every page."""
    items = "".join(f'<li><a href="{path}">{html.escape(link_text(path))}</a></li>' for path in page_paths())
    return f"<ul>{items}</ul>"


def link_text(path: str) -> str:
    """What a link to a page says: its title, for files without one their path."""
    if path.endswith(".txt"):
        return path
    numbered = NUMBERED.match(path)
    source = read_source("/gallery/frame.html" if numbered else path)
    return Template(source.fields["title"]).substitute(number=numbered[1] if numbered else "")


def sitemap(host: str) -> str:
    """The sitemap, as careless sites have it: with pages that robots.txt disallows, and with one that is gone."""
    entries = "".join(f"<url><loc>http://{host}{path}</loc></url>" for path in (*page_paths(), GONE))
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
