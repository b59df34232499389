"""The test world: the real PostgreSQL (embedded unless DATABASE_URL is set) with the demo city in it, loaded once."""

from __future__ import annotations

import pytest

from tests.world import DEMO_PASSWORD


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    from yousu.city.loading import DATA, load_city
    from yousu.city.models import Area

    with django_db_blocker.unblock():
        if not Area.objects.exists():
            load_city(DATA / "xining", "6301", "西宁市", DEMO_PASSWORD)


@pytest.fixture(autouse=True)
def _fresh_directory(request):
    """A test that changed the city's ground must not leave its copy of it behind."""
    from yousu.city import directory

    yield
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        directory.forget_if_changed()
