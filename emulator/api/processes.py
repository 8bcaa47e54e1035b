"""Dynos, formation and add-ons: the little that the Heroku CLI needs to show an app."""

from emulator.records import App, Json
from emulator.shapes import app_reference, named
from emulator.state import State
from emulator.times import stamp

COMMAND = "./bin/web --port $PORT"
SIZE = "Basic"


def dyno_shapes(world: State, app: App) -> list[Json]:
    """Return one web dyno if the app runs code, else nothing."""
    current = world.find_current(app)
    if current is None or current.slug_id is None:
        return []
    return [
        {
            "attach_url": None,
            "command": COMMAND,
            "created_at": stamp(current.updated_at),
            "id": named("dyno", current.id)["id"],
            "name": "web.1",
            "release": {"id": current.id, "version": current.version},
            "app": app_reference(app),
            "size": SIZE,
            "state": "up",
            "type": "web",
            "updated_at": stamp(current.updated_at),
        }
    ]


def formation_shapes(world: State, app: App) -> list[Json]:
    """Return the web process, and the release command if there is one; nothing without code."""
    current = world.find_current(app)
    if current is None or current.slug_id is None:
        return []
    web = _process(app, "web", COMMAND, quantity=1)
    return [web, _process(app, "release", "./bin/release", quantity=0)] if app.phase else [web]


def _process(app: App, type: str, command: str, *, quantity: int) -> Json:
    return {
        "app": app_reference(app),
        "command": command,
        "created_at": stamp(app.created_at),
        "dyno_size": named("dyno-size", SIZE),
        "id": named("formation", f"{type}.{app.id}")["id"],
        "quantity": quantity,
        "size": SIZE,
        "type": type,
        "updated_at": stamp(app.updated_at),
    }


def addon_shape(app: App, plan: str) -> Json:
    """Return one add-on of an app."""
    service = plan.partition(":")[0]
    addon_id = named("addon", f"{plan}.{app.id}")["id"]
    return {
        "actions": [],
        "addon_service": named("addon-service", service),
        "billing_entity": {**app_reference(app), "type": "app"},
        "app": app_reference(app),
        "billed_price": {"cents": 500, "contract": False, "unit": "month"},
        "config_vars": ["DATABASE_URL"] if service == "heroku-postgresql" else [],
        "created_at": stamp(app.created_at),
        "id": addon_id,
        "name": f"{service}-{addon_id[:5]}",
        "plan": named("plan", plan),
        "provider_id": addon_id,
        "provision_message": "",
        "state": "provisioned",
        "updated_at": stamp(app.updated_at),
        "web_url": None,
    }
