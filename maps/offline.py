"""A page as one file: scripts, styles, words and data inside it, and a policy that lets nothing be asked for.

ES modules cannot be imported from a file on disk, so they travel as ``data:`` addresses that an import map names; the
browser links them as it does a server's. One module stands in for another where a server is needed, as ``kept.js`` does
for ``live.js``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import folium
from markupsafe import Markup

from geo.errors import Refused
from maps import canvas, page
from maps.assets import STATIC
from maps.modules import ENTRY, IMPORT
from maps.page import View

WITHOUT_SERVER = {"live.js": "kept.js", "spot-doors.js": "spot-kept.js", "district-doors.js": "district-kept.js"}
"""The modules that give the same names from the file itself, by those that ask the server."""

STYLES = ("css/gridatlas.css", "css/page.css")
"""Sheets of every page; one named as the page is its own."""

_SCRIPT = re.compile(r'<script src="(/static/[^"]+)"></script>')
_SHEET = re.compile(r'<link rel="stylesheet" href="(/static/[^"]+)"\s*/?>')
_URL = re.compile(r"url\((?![\"']?(?:data:|#))[\"']?([^\"')]+)[\"']?\)")
_INLINE = re.compile(r"<(script|style)(?![^>]*application/json)[^>]*>(.*?)</\1>", re.DOTALL)


def self_contained(drawn: folium.Map, views: Sequence[View]) -> str:
    """A page as one HTML file that opens from disk and asks for nothing.

    Parameters
    ----------
    drawn
        The map with its :class:`~maps.canvas.Starter`.
    views
        The same page in each language, the first shown first; the boot document is the first's. ``is_file`` is set.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    Refused
        When the head asks for a file that is not ours.
    """
    parts = canvas.parted(drawn)
    entries = ENTRY.findall(parts.script)
    html = (
        page.templates()
        .get_template("offline.html")
        .render(
            views=views,
            title=page.title,
            shell=lambda view: page.shell(view, parts),
            language=page.language_of,
            head=Markup(_inlined(parts.head)),
            styles=[Markup(_sheet(path)) for path in _styles(views[0].page)],
            modules=Markup(json.dumps({"imports": modules(entries)})),
            script=parts.script,
            policy="{policy}",
        )
    )
    return html.replace("{policy}", policy(html), 1)


def policy(html: str) -> str:
    """Content-Security-Policy of a file: the inline scripts and styles it has now, by their hashes, and no address.

    Modules of the import map are ``data:`` addresses, which no hash of a policy can name.
    """
    scripts: list[str] = []
    styles: list[str] = []
    for tag, text in _INLINE.findall(html):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        (scripts if tag == "script" else styles).append(f"'sha256-{digest}'")
    return (
        f"default-src 'none'; script-src {' '.join(scripts)} data:; style-src {' '.join(styles)}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


# -- modules -----------------------------------------------------------------------------------------------------------
def modules(entries: Sequence[str], instead: Mapping[str, str] = WITHOUT_SERVER) -> dict[str, str]:
    """Import map of what ``entries`` (addresses under ``/static/js``) import, however far: name to ``data:`` address.

    Raises
    ------
    Refused
        When a module is not there.
    """
    found: dict[str, str] = {}
    wanted = [Path(entry).name for entry in entries]
    while wanted:
        name = wanted.pop()
        if _bare(name) in found:
            continue
        source = _read(STATIC / "js" / instead.get(name, name))
        wanted += [other for _, other in IMPORT.findall(source)]
        renamed = IMPORT.sub(lambda match: f'{match[1]}"{_bare(match[2])}"', source)
        found[_bare(name)] = _data(renamed.encode(), "text/javascript")
    return found | {entry: found[_bare(Path(entry).name)] for entry in entries}


def _bare(name: str) -> str:
    """Name a module has in the import map: a relative one has no meaning inside a ``data:`` address."""
    return f"gridatlas/{name}"


def _styles(name: str) -> list[Path]:
    own = STATIC / f"css/{name}.css"
    return [*(STATIC / sheet for sheet in STYLES), *([own] if own.is_file() else [])]


# -- files -------------------------------------------------------------------------------------------------------------
def _inlined(head: str) -> str:
    """Folium's head with every script and sheet in it."""
    head = _SCRIPT.sub(lambda match: f"<script>{_script(match[1])}</script>", head)
    return _SHEET.sub(lambda match: f"<style>{_sheet(_file(match[1]))}</style>", head)


def _script(address: str) -> str:
    return _read(_file(address)).replace("</script", r"<\/script")


def _sheet(path: Path) -> str:
    """A style sheet whose pictures are in it."""

    def inside(match: re.Match[str]) -> str:
        picture = path.parent / match[1]
        kind = mimetypes.guess_type(picture.name)[0] or "application/octet-stream"
        return f"url({_data(picture.read_bytes(), kind)})"

    return _URL.sub(inside, _read(path))


def _file(address: str) -> Path:
    return STATIC / address.removeprefix("/static/")


def _read(path: Path) -> str:
    if STATIC not in path.resolve().parents or not path.is_file():
        raise Refused(f"{path.name} is not among the front-end files; a page that is one file needs it")
    return path.read_text(encoding="utf-8")


def _data(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
