"""The API as mounted at ``/api/v1/``."""

from yousu.api import acts, ground, reads, ruling
from yousu.api.api import make_api

api = make_api()
acts.mount(api)
reads.mount(api)
ground.mount(api)
ruling.mount(api)
