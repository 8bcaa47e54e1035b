"""What happens at Heroku, and by the listener's API, while somebody looks at a page."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.acceptance.town import Town

FILE = "config/autopromote/login.json"


def token_of(town: Town) -> str:
    """The token that Ana's program got when she logged in."""
    return str(json.loads((town.folder / FILE).read_text())["token"])


def post(town: Town, path: str, **body: Any) -> Any:
    """Change something as Ana, without the time that a program takes to start."""
    headers = {"Authorization": f"Bearer {token_of(town)}"}
    answer = httpx.post(f"{town.url}/api/{path}", json=body, headers=headers, timeout=30)
    assert answer.is_success, answer.text
    return answer.json()


def apps(town: Town, name: str, *, repository: str | None = None) -> tuple[str, str]:
    """A source and a target in a pipeline that run the same, and a webhook on the source."""
    source, target = f"{name}-staging", f"{name}-prod"
    for app in (source, target):
        town.heroku.app(app)
    couplings = {"staging": [source], "production": [target]}
    town.heroku.control("pipelines", {"name": name, "couplings": couplings})
    if repository is not None:
        town.heroku.control("repositories", {"full_name": repository})
        for each in (f"apps/{source}", f"pipelines/{name}"):
            town.heroku.control(f"{each}/repo", {"full_name": repository}, "PUT")
    slug = town.heroku.deploy(source)["slug"]["id"]
    town.heroku.deploy(target, slug_id=slug)
    post(town, "subscriptions", app=source)
    return source, target


def rule(
    town: Town, name: str, *, repository: str | None = None, **options: Any
) -> tuple[str, str]:
    """The same with a rule between them."""
    source, target = apps(town, name, repository=repository)
    post(town, "rules", name=name, source=source, targets=[target], **options)
    return source, target


def deploy(town: Town, name: str, status: str, **values: Any) -> str:
    """Deploy to the source; return the promotion's id once it has this status."""
    made = town.heroku.deploy(f"{name}-staging", **values)
    found = town.wait_for(status, made["version"], target=f"{name}-prod")
    return str(found["id"])


def asking(town: Town, name: str, **options: Any) -> str:
    """A promotion that waits for somebody's word."""
    rule(town, name, **{"approvals": 1, **options})
    return deploy(town, name, "waiting")
