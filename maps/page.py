"""The shell every page shares: folium's map inside our bar, panel and legend, with a nonce for each script.

Folium brings pandas: :mod:`maps.canvas` has what needs it, and is imported when the first page is drawn.
Data reach a page as one JSON document and are written with ``textContent``; no name is ever read as HTML.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    import folium
    from jinja2 import Environment

    from maps.canvas import Drawn

FOLDER = Path(__file__).parent
LANGUAGES = ("zh-CN", "en")
HOUSES = ("plans", "dispatch", "coverage", "blind-spots", "heat", "import")
"""Pages of the navigation in their order; those without a page yet are shown as later."""

OPEN_HOUSES = {
    "plans": "/maps/planner",
    "coverage": "/maps/coverage",
    "blind-spots": "/maps/blind-spots",
    "import": "/maps/import",
}
BELONGS = {"district": "blind-spots", "compare": "plans"}
"""Pages that the navigation leads to through another."""
OWN_WORDS = {
    "start": ("start.",),
    "import": ("import.",),
    "mends": ("mends.",),
    "plans": ("plan.",),
    "compare": ("compare.",),
    "district": ("bd.",),
    "upload": ("upload.",),
    "blind-spots": ("spots.", "dismiss.", "do.", "follow.", "limit.", "trial.", "weights.", "toast."),
}
"""How the keys of words begin that a page has to itself: no other page carries them. ``upload`` is a part of the
planner that fetches its words itself, when it is first wanted."""
OWN_SHEETS = ("import", "blind-spots", "district", "plans", "compare")
"""Pages with a style sheet of their own, called as they are."""

_OPENING = re.compile(r"<(script|style)(?=[\s>])")


@dataclass(frozen=True)
class View:
    """What a page is about, before anything is drawn.

    Attributes
    ----------
    page
        ``start``, ``coverage``, ``blind-spots``, ``plans``, ``compare`` or ``import``.
    lang
        One of :data:`LANGUAGES`.
    place
        Name of the city as the bar shows it; empty when there is none yet.
    boot
        Everything the page's script starts from, as plain JSON values.
    nonce
        Of the Content-Security-Policy this page is sent with.
    is_file
        Whether it is one file opened from disk: then no other page can be reached from it.
    """

    page: str
    lang: str
    place: str
    nonce: str = ""
    boot: dict[str, Any] = field(default_factory=dict)
    is_file: bool = False


@cache
def words(lang: str) -> dict[str, str]:
    """Every text of the pages in one language, by key."""
    found: dict[str, str] = json.loads((FOLDER / "static" / "locales" / f"{lang}.json").read_text(encoding="utf-8"))
    return found


@cache
def templates() -> Environment:
    """Our templates; every value that is put in is escaped, JSON for a script, Chinese left readable."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    found.policies["json.dumps_kwargs"] = {
        "ensure_ascii": False,
        "allow_nan": False,
        "sort_keys": True,
        "separators": (",", ":"),
    }
    return found


def policy(nonce: str) -> str:
    """Content-Security-Policy of a page: nothing but this origin, and inline scripts and styles by nonce only."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; font-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def render(drawn: folium.Map, view: View) -> str:
    """The whole page as HTML.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    Refused
        When the map asks for an asset that has no local file.
    """
    from maps.canvas import parted

    parts = parted(drawn)
    given = {"boot": view.boot | language_of(view), "head": _nonced(parts.head, view.nonce), "title": title(view)}
    template = templates().get_template("shell.html")
    return template.render(_context(view, parts) | given | {"script": parts.script})


def of_city(module: str, view: View) -> str:
    """A page of a city as HTML: a map started by ``module``, or the shell alone when there is no city yet.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    """
    from maps.canvas import Starter, blank_map

    drawn = blank_map()
    drawn.add_child(Starter(module if view.boot.get("city") else "/static/js/empty.js"))
    return render(drawn, view)


def shell(view: View, parts: Drawn) -> Markup:
    """What stands around the map of a page in the language of ``view``, as HTML; no script among it."""
    template = templates().get_template("shell.html")
    return Markup("".join(template.blocks["shell"](template.new_context(_context(view, parts)))))


def language_of(view: View) -> dict[str, Any]:
    """The part of a boot document that is in one language; without the words that other pages have to themselves."""
    others = tuple(start for page, starts in OWN_WORDS.items() if page != view.page for start in starts)
    said = {key: text for key, text in words(view.lang).items() if not key.startswith(others)}
    return {"words": said, "lang": view.lang, "page": view.page}


def title(view: View) -> str:
    """What the window of a page is called."""
    return " · ".join(part for part in (words(view.lang)[f"page.{view.page}"], view.place, "GridAtlas") if part)


def _context(view: View, parts: Drawn) -> dict[str, Any]:
    houses = [(key, OPEN_HOUSES.get(key)) for key in HOUSES]
    own = view.page if view.page in OWN_SHEETS else None
    house = BELONGS.get(view.page, view.page)
    around = {"houses": houses, "house": house, "map": parts.element, "own_sheet": own}
    return {"view": view, "t": words(view.lang), **around}


def _nonced(html: str, nonce: str) -> Markup:
    return Markup(_OPENING.sub(rf'<\1 nonce="{nonce}"', html))
