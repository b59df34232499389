from django.urls import URLPattern, URLResolver, include, path

from yousu.api.urls import api

handler400 = "yousu.base.middleware.bad_request"
handler403 = "yousu.base.middleware.permission_denied"
handler404 = "yousu.base.middleware.not_found"
handler500 = "yousu.base.middleware.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("", include("yousu.ui.urls")),
]
