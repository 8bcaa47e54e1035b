"""The scopes that a request needs.

`read` and `write` exclude config vars and releases: those need `read-protected` and
`write-protected`.
"""

import re

READ = frozenset({"global", "read", "write", "read-protected", "write-protected"})
WRITE = frozenset({"global", "write", "write-protected"})
READ_PROTECTED = frozenset({"global", "read-protected", "write-protected"})
WRITE_PROTECTED = frozenset({"global", "write-protected"})
IDENTITY = READ | {"identity"}
GLOBAL = frozenset({"global"})
KNOWN = IDENTITY

# The first line that matches counts.
NEEDED = [
    (re.compile(method), re.compile(path), scopes)
    for method, path, scopes in (
        ("GET", r"/account|/users/~", IDENTITY),
        ("GET", r"/account/rate-limits", IDENTITY),
        ("PUT", r"/users/~/capabilities", READ),
        ("DELETE", r"/oauth/tokens/.*", IDENTITY),  # a guess: that it may end itself
        (".*", r"/oauth/.*", GLOBAL),
        ("GET", r"/apps/[^/]+/(releases|config-vars|slugs|oci-images).*", READ_PROTECTED),
        (".*", r"/apps/[^/]+/(releases|config-vars).*", WRITE_PROTECTED),
        ("GET", r"/pipelines/[^/]+/latest-.*", READ_PROTECTED),
        ("POST", r"/pipeline-promotions", WRITE_PROTECTED),
        ("POST", r"/filters/.*", READ),
        ("GET", r".*", READ),
        (".*", r".*", WRITE),
    )
]


def needed(method: str, path: str) -> frozenset[str]:
    """Return the scopes of which the token needs at least one."""
    return next(
        scopes
        for methods, paths, scopes in NEEDED
        if methods.fullmatch(method) and paths.fullmatch(path)
    )
