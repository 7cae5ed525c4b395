"""Questions to the link table: find a link by id or alias, and the scheme that is in force for it."""

from __future__ import annotations

from difflib import get_close_matches

from rig.errors import ConfigError, Finding
from rig.topology.links import LINKS
from rig.topology.model import Link, Scheme

_BY_ID = {link.id: link for link in LINKS}
_BY_ALIAS = {alias: link for link in LINKS for alias in link.aliases}


def find_link(link_id: str) -> tuple[Link, tuple[Finding, ...]]:
    """The link of this id or alias; an alias is reported as a finding.

    Raises:
        ConfigError: no such link; the hint names similar ones.
    """
    if link_id in _BY_ID:
        return _BY_ID[link_id], ()
    if link_id in _BY_ALIAS:
        link = _BY_ALIAS[link_id]
        return link, (Finding("link-alias", f"{link_id} is another name of {link.id}: {link.notes[-1]}"),)
    near = get_close_matches(link_id, _BY_ID, n=3) or list(_BY_ID)
    raise ConfigError("no such link", key="link", value=link_id, hint=f"known: {', '.join(near)}")


def schemes_in_force(link: Link) -> tuple[Scheme, ...]:
    """The schemes of the link, or of the link that the paper offers as its reference; empty when nothing is given."""
    if link.schemes or link.reference is None:
        return link.schemes
    return schemes_in_force(_BY_ID[link.reference])


def protocols_of(link: Link) -> tuple[str, ...]:
    """Every protocol of the schemes in force, lower before upper, each once."""
    names = [name for scheme in schemes_in_force(link) for name in (*scheme.lower, *scheme.upper)]
    return tuple(dict.fromkeys(names))
