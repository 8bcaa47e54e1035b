"""Where GitHub's API is, by whichever address people know their GitHub."""

from __future__ import annotations

import pytest

from listener.github import URL, api_url


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("https://api.github.com", URL),
        ("https://api.github.com/", URL),
        ("https://github.com", URL),
        ("https://www.github.com/", URL),
        ("https://acme.ghe.com", "https://api.acme.ghe.com"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com"),
        ("https://github.acme.com", "https://github.acme.com/api/v3"),
        ("https://github.acme.com:8443/", "https://github.acme.com:8443/api/v3"),
        ("https://github.acme.com/api/v3/", "https://github.acme.com/api/v3"),
        ("https://git.acme.com/api", "https://git.acme.com/api"),
        ("http://127.0.0.1:5002", "http://127.0.0.1:5002"),
        ("http://localhost:5002/github", "http://localhost:5002/github"),
    ],
)
def test_the_api_is_found(given: str, found: str) -> None:
    assert api_url(given) == found


@pytest.mark.parametrize(
    "given",
    [
        "github.com",
        "http://github.acme.com",
        "https://a:b@github.com",
        "https://x.test?a",
        "ssh://x",
    ],
)
def test_where_no_token_may_go_is_no_address(given: str) -> None:
    with pytest.raises(ValueError, match="GitHub's url"):
        api_url(given)
