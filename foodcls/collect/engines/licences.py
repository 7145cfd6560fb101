"""Turns what sources call their licences into SPDX's names, and filters' names into licences."""

import re

# a licence's page, with the country of ported ones
DEED = re.compile(
    r"creativecommons\.org/(?:licenses/([a-z-]+)|publicdomain/(zero|mark))/(\d\.\d)(/[a-z]{2}\b)?"
)
NAME = re.compile(r"(?:cc[ -])?(by[a-z-]*|pdm|cc0)(?:[ -](\d\.\d))?(?:[ -]([a-z]{2}))?")
# Creative Commons' short names of the licences that each filter admits
OPEN = ("cc0", "pdm", "by", "by-sa")
FILTERS = {
    "creativecommons": ("cc0", "by", "by-sa", "by-nd", "by-nc", "by-nc-sa", "by-nc-nd"),
    "publicdomain": ("cc0", "pdm"),
    "noncommercial": (*OPEN, "by-nd", "by-nc", "by-nc-sa", "by-nc-nd"),
    "noncommercial,modify": (*OPEN, "by-nc", "by-nc-sa"),
    "commercial": (*OPEN, "by-nd"),
    "commercial,modify": OPEN,
}
SHORT = FILTERS["noncommercial"]
# whole names in SPDX
WHOLE = {"cc0": "CC0-1.0", "pdm": "CC-PDM-1.0"}


def spdx(name: str, version: str = "", deed: str = "") -> str:
    """SPDX's name of a Creative Commons licence that has this name, or this page; else the name.

    `spdx("by-sa", "4.0")`, `spdx("CC BY-SA 4.0")` and the address of its page: CC-BY-SA-4.0.
    """
    if page := DEED.search(deed.lower()):
        short = page[1] or {"zero": "cc0", "mark": "pdm"}[page[2]]
        version, country = page[3], (page[4] or "").strip("/")
    elif found := NAME.fullmatch(name.lower().strip()):
        short, version, country = found[1], version or found[2] or "", found[3] or ""
    else:
        return name
    parts = (short, version, country)
    return WHOLE.get(short, "-".join(["CC", *(part.upper() for part in parts if part)]))


def short_name(licence: str) -> str:
    """The short name of a licence (`CC-BY-SA-4.0`: by-sa); others in lower case."""
    short = re.sub(r"^cc-|-\d\.\d.*$", "", licence.lower())
    return "pdm" if short == "public domain" else short
