"""The control API, under /_emulator: how a test or the demo changes this Heroku.

It is for this machine only: it needs no token, and the request log shows what clients sent.

    POST   /tokens            {"token"?, "email", "scope"?, "expires_in"?}
    POST   /rate-limits       {"email", "remaining"}
    GET    /state
    POST   /apps              {"name", "stack"?, "generation"?, "container"?, "collaborators"?,
    PATCH  /apps/X             "owner"?, "protected"?, "release_phase"?: {"seconds", "fails"?},
                               "buildpacks"?: ["heroku/python", …],
                               "arrival"?: {"seconds", "error"?}} of pipeline promotions
    DELETE /apps/X
    POST   /pipelines         {"name", "owner"?, "couplings"?: {"staging": ["a"], …}}
    POST   /apps/X/deploys    {"commit"?, "message"?, "commit_description"?, "description"?,
                               "user"?, "slug_id"?, "age_days"?, "process_types"?: ["web", …]}
    POST   /apps/X/config     {"FOO": "bar" or null, …}
    POST   /apps/X/addons     {"plan"}
    POST   /apps/X/rollbacks  {"release", "user"?}          the same for /apps/X/retries
    POST   /apps/X/arrivals   lets the promotions arrive that wait (arrival without seconds)
    POST   /apps/X/history    {"releases", "deploy_every"?}
    GET    /apps/X/releases   every release as it truly is, despite all lags
    POST   /apps/X/releases/V {"status": "succeeded" or "failed"}
    POST   /apps/X/releases/V/output {"text"}   adds to the output of the release command
    DELETE /apps/X/slugs/ID   the slug expires
    POST   /repositories      {"full_name", "branch"?, "commits"?: [{"message", "author"?, "sha"?,
                               "parents"?}]}; other parents than the branch's last: a force-push
    PUT    /apps/X/repo       {"full_name"?} connects it   the same for /pipelines/X/repo
    PUT    /repositories-api  {"is": "open", "forbidden" or "missing"}
    POST   /apps/X/metrics    {"minutes_ago"?, "latency"?, "errors"?, "status"?: {"status_2xx": 9},
                               "dynos"?: {"web": {"R14": 1}}} adds to the values of a minute
    POST   /metrics-delay     {"seconds"} until a minute can be read
    GET    /webhooks
    PATCH  /webhooks/ID       {"delay"?, "shuffle"?, "repeats"?, "duplicates"?}
    GET    /apps/X/deliveries    all deliveries, sent or not, with their events
    POST   /flush             {"seconds"?}
    POST   /age               {"seconds"}: all that is there happened so much earlier
    GET    /faults            also POST, DELETE; DELETE /faults/ID; see emulator.faults
    POST   /refuse            {"seconds"?}
    GET    /requests          also DELETE

At the fake GitHub, whose API is at `/_github/api/v3`:

    POST   /github/tokens       {"token"?, "login", "permissions"?: {"contents": "read", …},
                                 "repositories"?, "expires_in"?}; with permissions a fine-grained
                                token, else a classic one; DELETE /github/tokens/TOKEN
    PUT    /github/app          {"id", "slug"?, "public_key", "repositories", "permissions"?,
                                 "token_seconds"?}
    POST   /github/rate-limits  {"login", "remaining", "seconds"?}
    GET    /github/requests     also DELETE
    POST   /github/repos/O/R/pulls       {"title", "author"?, "head"?, "base"?, "commits"?: [SHA],
                                          "merge_commit"?: SHA, "closed"?}
    PATCH  /github/repos/O/R/pulls/N     {"merge_commit"} merges it
    POST   /github/repos/O/R/checks      {"sha", "name", "status"?, "conclusion"?, "suite"?, "app"?,
                                          "title"?, "details_url"?}
    POST   /github/repos/O/R/statuses    {"sha", "context", "state", "description"?, "target_url"?,
                                          "creator"?}; GET: all that were set
    GET    /github/repos/O/R/deployments with their statuses, oldest first
    PUT    /github/repos/O/R/ci          {"name"?, "seconds"?, "conclusion"?}: checks new commits
    PUT    /github/repos/O/R/moved       {"full_name"}: where the repository is now
    PUT    /github/repos/O/R/webhook     {"url"?, "secret", "events"?} removes it without a URL
    GET    /github/repos/O/R/deliveries  of that webhook, sent or not

Commits are those of `POST /repositories`; faults are put as for Heroku, with "host": "github".
"""
