from django.urls import URLPattern, URLResolver, path

from yousu.ui.views import files, health, home, pick, register, search, signing, ticket, worklists

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", signing.login, name="login"),
    path("logout/", signing.logout, name="logout"),
    path("alive/", signing.alive, name="alive"),
    path("", home.home, name="home"),
    path("work/", worklists.work, name="work"),
    path("work/<slug:key>/", worklists.work, name="worklist"),
    path("search/", search.search, name="search"),
    path("favicon.ico", health.favicon, name="favicon"),
    path("healthz", health.healthz, name="healthz"),
    path("register/", register.register, name="register"),
    path("register/then/<slug:name>/", register.second, name="register-then"),
    path("register/suggestions/", register.suggestions, name="register-suggestions"),
    path("register/nearby/", register.nearby, name="register-nearby"),
    path("tickets/<slug:number>/", ticket.page, name="ticket"),
    path("tickets/<slug:number>/verbs/<slug:verb_name>/", ticket.act, name="verb"),
    path("tickets/<slug:number>/reveals/", ticket.reveal, name="reveals"),
    path("tickets/<slug:number>/print/<int:ordinal>/", ticket.order, name="order"),
    path("files/", files.upload, name="files"),
    path("files/<int:pk>/", files.download, name="file"),
    path("pick/units/", pick.units, name="pick-units"),
    path("pick/items/", pick.items, name="pick-items"),
    path("pick/areas/", pick.areas, name="pick-areas"),
]
