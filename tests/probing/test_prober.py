"""One question to a URL: good is 2xx in time, and nothing of ours goes along."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from listener.core.verification import Probe
from listener.prober import Prober
from tests.outbound.peer import Conversation, Peer, Script, answer, cutting, giving

SHORT = 1.0  # what is asked has heard it by then, on a slow machine too
HERE = "127.0.0.1"


@pytest.fixture
def peer() -> Iterator[Callable[[Script], Peer]]:
    """Start a server that follows a script."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(Peer(script).listening())


Start = Callable[[Script], Peer]


def prober(**options: object) -> Prober:
    """One that may ask this machine."""
    return Prober(allow_private=True, **options)  # type: ignore[arg-type]


def silence(talk: Conversation) -> None:
    """No answer."""
    talk.hear()
    talk.wait()


def slow(talk: Conversation) -> None:
    """A good answer, byte by byte."""
    talk.hear()
    talk.trickle(answer(200, b"well" * 1000))


def endless(talk: Conversation) -> None:
    """A good answer without an end."""
    talk.hear()
    talk.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        talk.say(b"400\r\n" + b"x" * 1024 + b"\r\n")


@pytest.mark.parametrize(
    ("script", "is_good", "said"),
    [
        (giving(answer(200, b"well")), True, "answered 200"),
        (giving(answer(204)), True, "answered 204"),
        (giving(answer(200, b"x" * 1_000_000)), True, "answered 200"),
        (endless, True, "answered 200"),
        (giving(answer(304)), False, "answered 304"),
        (giving(answer(302)), False, "answered 302"),
        (giving(answer(404)), False, "answered 404"),
        (giving(answer(503)), False, "answered 503"),
        (
            cutting(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nwel"),
            False,
            "broke off its answer",
        ),
        (cutting(b""), False, "broke off its answer"),
        (cutting(b"hello\r\n\r\n"), False, "broke off its answer"),
        (silence, False, "did not answer in time"),
        (slow, False, "did not answer in time"),
        (giving(answer(302, location="ftp://example.com/")), False, "redirected to what is no"),
        (giving(answer(302, location="file:///etc/passwd")), False, "redirected to what is no"),
        (giving(answer(302, location="http://xn--/")), False, "redirected to what is no"),
        (giving(answer(302, location="https://xn--a.b/")), False, "redirected to what is no"),
        (giving(answer(302, location="/again")), False, "redirected more than 3 times"),
    ],
)
def test_good_is_a_2xx_that_arrives(peer: Start, script: Script, is_good: bool, said: str) -> None:
    url = f"{peer(script).url}/healthz"
    found = (prober(seconds=SHORT) if "in time" in said else prober()).ask(url)
    assert (found.url, found.is_good, found.was_asked) == (url, is_good, True)
    assert found.said.startswith(said)


def test_the_beginning_of_a_bad_answer_is_kept_without_what_is_secret(peer: Start) -> None:
    body = (
        "db down: \x1b[31mpostgres://shop:hush@db/x\x1b[0m\r\nasked with probe=hush2\n" + "x" * 5000
    )
    url = f"{peer(giving(answer(503, body.encode()))).url}/healthz?probe=hush2"
    found = prober().ask(url)

    assert (found.said, found.code) == ("answered 503", 503)
    first, second, last = found.text.split("\n")
    assert "\x1b" not in first
    assert first.startswith("db down:")
    assert second == "asked with …"
    assert (set(last[:-1]), last[-1]) == ({"x"}, "…")
    assert "hush" not in found.text
    assert 0 < found.took < 5


@pytest.mark.parametrize(
    "body",
    [
        "No route matches [GET] /healthz?sig=ABCDEF0123456789abcdef&amp;u=1",
        f"{'x' * 180} /healthz?sig=ABCDEF0123456789abcdef&u=1",  # a line is cut within it
        f"{'y' * 99}\n" * 5 + f"{'y' * 80}?sig=ABCDEF0123456789abcdef&u=1",  # so is the body
        "sig=ABCDEF0123456789abcdef&u=1\n" * 50,
    ],
    ids=["escaped", "at the end of a line", "at the end", "everywhere"],
)
def test_no_part_of_a_query_is_kept(peer: Start, body: str) -> None:
    url = f"{peer(giving(answer(404, body.encode()))).url}/healthz?sig=ABCDEF0123456789abcdef&u=1"

    found = prober().ask(url).text

    assert found
    assert "ABCD" not in found
    assert "cdef" not in found


def test_where_nobody_listens_it_was_not_reached(peer: Start) -> None:
    with Peer(silence).listening() as gone:
        url = gone.url
    assert prober().ask(url) == Probe(url, False, "was not reached")


def test_a_name_that_leads_nowhere_was_not_reached() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    assert prober(resolve=resolve).ask("https://a.example/").said == "was not reached"


def test_nothing_of_ours_goes_along(peer: Start) -> None:
    first = peer(giving(answer(200, set_cookie="a=b")))
    hop = answer(302, location=f"{first.url}/x", set_cookie="session=1")
    asking = prober()
    second = peer(giving(hop))
    for _ in range(2):
        assert asking.ask(f"{second.url}/healthz?key=v").is_good

    for request in first.requests + second.requests:
        assert (request.method, request.body) == ("GET", b"")
        assert request.headers["user-agent"] == "heroku-autopromote (health check)"
        assert not {"authorization", "cookie", "referer"} & set(request.headers)
    assert first.connections == 2  # each question has a connection of its own


def test_a_server_that_speaks_no_tls_is_not_well(peer: Start) -> None:
    def script(talk: Conversation) -> None:
        talk.sock.recv(65536)
        talk.say(answer(200))

    plain = peer(script).url.replace("http:", "https:")
    asking = prober(ssl_context=ssl.create_default_context())
    assert asking.ask(plain).said == "was not reached"


# Where we never go.


def test_this_machine_is_asked_only_where_that_is_allowed(peer: Start) -> None:
    at = peer(giving(answer(200)))
    for host in (HERE, "localhost"):
        found = Prober().ask(f"http://{host}:{at.port}/")
        assert (found.is_good, found.was_asked) == (False, False)
        assert "a loopback address" in found.said
        assert "AUTOPROMOTE_ALLOW_PRIVATE_CHECKS=1" in found.said
    assert at.connections == 0


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433", "[::ffff:7f00:1]", "[::1]", "0"])
def test_no_way_of_writing_leads_to_this_machine(peer: Start, host: str) -> None:
    at = peer(giving(answer(200)))
    assert not Prober().ask(f"http://{host}:{at.port}/").is_good
    assert at.connections == 0


def test_one_bad_address_among_many_is_enough(peer: Start) -> None:
    at = peer(giving(answer(200)))
    asking = Prober(resolve=lambda host, port: ["8.8.8.8", HERE])
    assert not asking.ask(f"http://two.example:{at.port}/").was_asked
    assert at.connections == 0


def test_a_redirect_is_checked_like_the_first(peer: Start) -> None:
    inner = peer(giving(answer(200)))
    outer = peer(
        giving(answer(302, location=f"http://inner.example:{inner.port}/latest/meta-data"))
    )
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return [HERE]

    class Outer(Prober):
        """One that takes this machine for public as long as it goes by the outer name."""

        def _checked(self, host: str, found: list[str], refused: list[str]) -> list[str]:
            is_outer = host == "outer.example"
            return found if is_outer else super()._checked(host, found, refused)

    found = Outer(resolve=resolve).ask(f"http://outer.example:{outer.port}/")
    assert (found.is_good, found.was_asked) == (False, False)
    assert "inner.example leads to a loopback address" in found.said
    assert (asked, inner.connections) == (["outer.example", "inner.example"], 0)


def test_a_name_is_resolved_once_and_what_was_checked_is_connected_to(peer: Start) -> None:
    """Who answers otherwise the second time (DNS rebinding) is never asked a second time."""
    at = peer(giving(answer(200)))
    answers = [[HERE], ["10.0.0.1"]]
    found = prober(resolve=lambda host, port: answers.pop(0)).ask(f"http://a.example:{at.port}/")
    assert found.is_good
    assert len(answers) == 1


def test_all_are_asked_at_once(peer: Start) -> None:
    at = peer(giving(answer(200)))
    quiet = peer(silence)
    urls = [f"{at.url}/a", f"{quiet.url}/b", f"{at.url}/c"]
    found = prober(seconds=SHORT).ask_all(urls)
    assert [(probe.url, probe.is_good) for probe in found] == [
        (urls[0], True),
        (urls[1], False),
        (urls[2], True),
    ]
    assert prober().ask_all(()) == []


@pytest.mark.parametrize(
    "url", ["http://", "http://\x00", "mailto:ana@example.com", "http://a.example:99999/"]
)
def test_what_is_no_url_is_not_well(url: str) -> None:
    assert not prober().ask(url).is_good


# A notice.


def test_a_notice_is_one_post_of_json(peer: Start) -> None:
    there = peer(giving(answer(204)))
    told = prober().tell(f"{there.url}/room?a=b", {"title": "é"}, headers={"Authorization": "x"})
    assert (told.is_good, told.said) == (True, "answered 204")
    [request] = there.requests
    assert (request.method, request.path, request.json) == ("POST", "/room?a=b", {"title": "é"})
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert (headers["content-type"], headers["authorization"]) == ("application/json", "x")


def test_a_notice_follows_no_redirect_and_goes_to_no_private_address(peer: Start) -> None:
    elsewhere = peer(giving(answer(200)))
    there = peer(giving(answer(307, location=f"{elsewhere.url}/")))
    assert prober().tell(there.url, {}).said == "answered 307"
    assert elsewhere.requests == []
    told = Prober().tell(there.url, {})
    assert (told.is_good, told.was_asked) == (False, False)
    assert len(there.requests) == 1
