import pytest


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    """Files that a test uploads go where the test's other things go."""
    settings.MEDIA_ROOT = tmp_path
