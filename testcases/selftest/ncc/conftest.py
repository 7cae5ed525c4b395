"""Databases and worlds for the tests of the command center."""

from __future__ import annotations

import itertools

import pytest

from fixtures.ncc_center import World, limits
from fixtures.postgres import PostgresMissing, postgres_server

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres():
    """URL of a private server."""
    try:
        with postgres_server() as url:
            yield url
    except PostgresMissing as reason:
        pytest.skip(f"no PostgreSQL: {reason}")


@pytest.fixture
def new_database(request, tmp_path):
    """Makes empty databases of a kind: ``sqlite`` or ``postgresql``."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/store{next(_NUMBERS)}.db"
        import psycopg

        url = request.getfixturevalue("postgres")
        name = f"store{next(_NUMBERS)}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return url.rpartition("/")[0] + f"/{name}"

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, new_database):
    """URL of an empty database of each kind."""
    return new_database(request.param)


@pytest.fixture
def make():
    """Makes worlds with an archive, whose center has the bounds that a test names."""
    made = []

    def build_world(**bounds) -> World:
        world = World(limits(**bounds))
        made.append(world)
        world.register()
        return world

    yield build_world
    for world in made:
        world.ncc.close()
