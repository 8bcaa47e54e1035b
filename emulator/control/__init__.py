"""The control API, under /_emulator: what a test or a demonstration does to this Heroku.

It is for this machine only: nobody is asked for a token, and the request log shows what was sent.

    POST   /tokens            {"token"?, "email", "scope"?, "expires_in"?}
    POST   /rate-limits       {"email", "remaining"}
    GET    /state
    POST   /apps              {"name", "stack"?, "generation"?, "container"?, "collaborators"?,
    PATCH  /apps/X             "owner"?, "protected"?, "release_phase"?: {"seconds", "fails"?},
                               "buildpacks"?: ["heroku/python", …],
                               "arrival"?: {"seconds", "error"?}} of pipeline promotions
    DELETE /apps/X
    POST   /pipelines         {"name", "owner"?, "couplings"?: {"staging": ["a"], …}}
    POST   /apps/X/deploys    {"commit"?, "commit_description"?, "description"?, "user"?,
                               "slug_id"?, "age_days"?, "process_types"?: ["web", …]}
    POST   /apps/X/config     {"FOO": "bar" or null, …}
    POST   /apps/X/addons     {"plan"}
    POST   /apps/X/rollbacks  {"release", "user"?}          the same for /apps/X/retries
    POST   /apps/X/arrivals   what waits because of an arrival without seconds arrives
    POST   /apps/X/history    {"releases", "deploy_every"?}
    GET    /apps/X/releases   every release as it truly is, whatever lags
    POST   /apps/X/releases/V {"status": "succeeded" or "failed"}
    POST   /apps/X/releases/V/output {"text"}   the release command writes something
    DELETE /apps/X/slugs/ID   the slug expires
    GET    /webhooks
    PATCH  /webhooks/ID       {"delay"?, "shuffle"?, "repeats"?, "duplicates"?}
    GET    /apps/X/deliveries    what was delivered or is to be, with the events
    POST   /flush             {"seconds"?}
    GET    /faults            also POST, DELETE; DELETE /faults/ID; see emulator.faults
    POST   /refuse            {"seconds"?}
    GET    /requests          also DELETE
"""
