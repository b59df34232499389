"""The test world: the real PostgreSQL (embedded unless DATABASE_URL is set) with the demo city in it, loaded once."""

from __future__ import annotations

import pytest

from tests.world import DEMO_PASSWORD


def _load_city():
    from yousu.city import directory
    from yousu.city.loading import DATA, load_city
    from yousu.city.models import Area

    if not Area.objects.exists():
        directory.forget()
        load_city(DATA / "xining", "6301", "西宁市", DEMO_PASSWORD)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        _load_city()


@pytest.fixture
def transactional_db(transactional_db):
    """A test with real commits leaves empty tables behind: the next one loads the city again."""
    _load_city()


@pytest.fixture(autouse=True)
def _fresh_directory():
    """A test that changed the city's ground must not leave its copy of it behind."""
    from yousu.city import directory

    yield
    directory.forget_if_changed()
