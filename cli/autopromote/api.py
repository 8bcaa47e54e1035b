"""The client of the listener's API, one method per call."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import httpx

from autopromote.errors import NotAListener, Refused, Unreachable
from autopromote.exchange import (
    answered,
    bearer,
    body_of,
    open_client,
    own_words,
    path_part,
    reason,
    was_sent,
)
from autopromote.progress import LATER, turning
from autopromote.released import Agreed, Released, ReleaseForeseen
from autopromote.resources import (
    AuditEntry,
    Backtest,
    Calendar,
    CommitBlock,
    CommitBlockPut,
    Delivery,
    Diff,
    Event,
    EventSecrets,
    Explanation,
    Finding,
    Hold,
    HoldPut,
    LoginClient,
    LoginCode,
    LoginWay,
    MachineToken,
    MachineTokenMade,
    NoticeTest,
    Output,
    PersonSeen,
    Pipeline,
    Plan,
    Promotion,
    PromotionInFull,
    Revoked,
    Rollback,
    Rule,
    RuleRemoved,
    Stats,
    Subscription,
    Token,
    TokenEnded,
    Trial,
    Trouble,
    Wall,
    WallMade,
    Whoami,
)
from autopromote.shape import misfit

Body = Mapping[str, Any]
Answer = TypeVar("Answer")


class Listener:
    """The listener at one URL. With `renew`, an expired token is replaced once per request."""

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        renew: Callable[[], str] | None = None,
        seconds: float | None = None,
    ) -> None:
        self.url = url
        self._headers = bearer(token) if token else {}
        self._renew = renew
        self._client = open_client(url, {"Accept": "application/json"}, seconds=seconds)

    def login_client(self) -> str | None:
        """Return the id of the OAuth client to log in by; None where there is none.

        A listener of before there were any does not know the question.
        """
        try:
            client = self._ask("GET", "login", LoginWay)["oauth_client"]
        except Refused as refused:
            if refused.status == httpx.codes.NOT_FOUND:
                return None
            raise
        return client["id"] if client is not None else None

    def create_token(self, proof: Body) -> Token:
        return self._ask("POST", "tokens", Token, body=proof)

    def end_token(self) -> None:
        """End the token that we ask with; it is no error if it had ended already."""
        try:
            self._ask("DELETE", "tokens/current", TokenEnded)
        except Refused as refusal:
            if refusal.status != httpx.codes.UNAUTHORIZED:
                raise

    def provide_login_client(self) -> LoginClient:
        return self._ask("POST", "login-client", LoginClient)

    def rotate_login_client(self) -> LoginClient:
        return self._ask("POST", "login-client/actions/rotate", LoginClient)

    def create_login_code(self) -> LoginCode:
        return self._ask("POST", "login-codes", LoginCode)

    def whoami(self) -> Whoami:
        return self._ask("GET", "whoami", Whoami)

    def people(self) -> list[PersonSeen]:
        return self._ask("GET", "people", list[PersonSeen])

    def revoke(self, whose: Body) -> Revoked:
        return self._ask("POST", "people/actions/revoke", Revoked, body=whose)

    def machine_tokens(self) -> list[MachineToken]:
        return self._ask("GET", "machine-tokens", list[MachineToken])

    def create_machine_token(self, wish: Body) -> MachineTokenMade:
        return self._ask("POST", "machine-tokens", MachineTokenMade, body=wish)

    def revoke_machine_token(self, name: str) -> MachineToken:
        return self._ask("DELETE", f"machine-tokens/{path_part(name)}", MachineToken)

    def walls(self) -> list[Wall]:
        return self._ask("GET", "walls", list[Wall])

    def create_wall(self, wish: Body) -> WallMade:
        return self._ask("POST", "walls", WallMade, body=wish)

    def remove_wall(self, name: str) -> Wall:
        return self._ask("DELETE", f"walls/{path_part(name)}", Wall)

    def rules(self, *, app: str | None, limit: int | None) -> list[Rule]:
        return self._ask("GET", "rules", list[Rule], query={"app": app, "limit": limit})

    def create_rule(self, rule: Body) -> Rule:
        return self._ask("POST", "rules", Rule, body=rule)

    def rule(self, name: str) -> Rule:
        return self._ask("GET", f"rules/{path_part(name)}", Rule)

    def update_rule(self, name: str, changes: Body) -> Rule:
        return self._ask("PATCH", f"rules/{path_part(name)}", Rule, body=changes)

    def try_rule(self, rule: Body, *, limit: int) -> Trial:
        return self._ask("POST", "rules/actions/try", Trial, query={"limit": limit}, body=rule)

    def try_update(self, name: str, changes: Body, *, limit: int) -> Trial:
        path = f"rules/{path_part(name)}/actions/try"
        return self._ask("POST", path, Trial, query={"limit": limit}, body=changes)

    def plan_rules(self, file: Body) -> Plan:
        return self._ask("POST", "rules/actions/plan", Plan, body=file)

    def apply_rules(self, file: Body, *, plan: str | None) -> Plan:
        return self._ask("POST", "rules/actions/apply", Plan, body={**file, "plan": plan})

    def remove_rule(self, name: str) -> RuleRemoved:
        return self._ask("DELETE", f"rules/{path_part(name)}", RuleRemoved)

    def test_notices(self, *, url: str | None, rule: str | None) -> list[NoticeTest]:
        body = {"url": url, "rule": rule}
        return self._ask("POST", "notices/actions/test", list[NoticeTest], body=body)

    def event_secrets(self, *, rule: str | None) -> list[EventSecrets]:
        return self._ask("POST", "notices/actions/secrets", list[EventSecrets], body={"rule": rule})

    def pipelines(self) -> list[Pipeline]:
        return self._ask("GET", "pipelines", list[Pipeline])

    def calendar(self, name: str) -> Calendar:
        return self._ask("GET", f"rules/{path_part(name)}/calendar", Calendar)

    def backtest(self, name: str, *, limit: int) -> list[Backtest]:
        path = f"rules/{path_part(name)}/backtest"
        return self._ask("GET", path, list[Backtest], query={"limit": limit})

    def subscriptions(self, *, app: str | None, limit: int | None) -> list[Subscription]:
        return self._ask(
            "GET", "subscriptions", list[Subscription], query={"app": app, "limit": limit}
        )

    def create_subscription(self, app: str) -> tuple[Subscription, bool]:
        """Return the subscription, and whether it is new."""
        response = self._call("POST", "subscriptions", body={"app": app})
        return self._fitting(response, Subscription), response.status_code == httpx.codes.CREATED

    def subscription(self, app: str) -> Subscription:
        return self._ask("GET", f"subscriptions/{path_part(app)}", Subscription)

    def rotate_subscription(self, app: str, *, now: bool) -> Subscription:
        path = f"subscriptions/{path_part(app)}/actions/rotate"
        return self._ask("POST", path, Subscription, body={"now": now})

    def remove_subscription(self, app: str) -> Subscription:
        return self._ask("DELETE", f"subscriptions/{path_part(app)}", Subscription)

    def deliveries(self, *, app: str | None, limit: int | None) -> list[Delivery]:
        return self._ask("GET", "deliveries", list[Delivery], query={"app": app, "limit": limit})

    def delivery(self, id: str) -> Delivery:
        return self._ask("GET", f"deliveries/{path_part(id)}", Delivery)

    def replay_delivery(self, id: str) -> Delivery:
        return self._ask("POST", f"deliveries/{path_part(id)}/actions/replay", Delivery)

    def audit_entries(
        self, *, app: str | None, by: str | None, since: str | None, limit: int | None
    ) -> list[AuditEntry]:
        query = {"app": app, "by": by, "since": since, "limit": limit}
        return self._ask("GET", "audit-entries", list[AuditEntry], query=query)

    def promotions(
        self, *, app: str | None, status: str | None, limit: int | None
    ) -> list[Promotion]:
        query = {"app": app, "status": status, "limit": limit}
        return self._ask("GET", "promotions", list[Promotion], query=query)

    def events(self, *, app: str | None, since: str | None, limit: int | None) -> list[Event]:
        query = {"app": app, "since": since, "limit": limit}
        return self._ask("GET", "events", list[Event], query=query)

    def stats(self, *, app: str | None, rule: str | None, days: str, zone: str | None) -> Stats:
        query = {"app": app, "rule": rule, "days": days, "zone": zone}
        return self._ask("GET", "stats", Stats, query=query)

    def promotion(self, id: str) -> PromotionInFull:
        return self._ask("GET", f"promotions/{path_part(id)}", PromotionInFull)

    def promotion_output(self, id: str, offset: int) -> Output:
        path = f"promotions/{path_part(id)}/output"
        return self._ask("GET", path, Output, query={"offset": offset})

    def cancel_promotion(self, id: str) -> Promotion:
        return self._ask("POST", f"promotions/{path_part(id)}/actions/cancel", Promotion)

    def retry_promotion(self, id: str) -> Promotion:
        return self._ask("POST", f"promotions/{path_part(id)}/actions/retry", Promotion)

    def approve_promotion(self, id: str) -> Promotion:
        return self._ask("POST", f"promotions/{path_part(id)}/actions/approve", Promotion)

    def reject_promotion(self, id: str, reason: str | None) -> Promotion:
        path, body = f"promotions/{path_part(id)}/actions/reject", {"reason": reason}
        return self._ask("POST", path, Promotion, body=body if reason is not None else {})

    def promote(self, promotion: Body) -> list[Promotion]:
        return self._ask("POST", "promotions", list[Promotion], body=promotion)

    def roll_back(self, app: str, *, to: str | None, reason: str) -> Rollback:
        body = {"app": app, "reason": reason, **({"to": to} if to else {})}
        return self._ask("POST", "rollbacks", Rollback, body=body)

    def explanation(self, app: str, release: str | None) -> Explanation:
        return self._ask(
            "GET", f"apps/{path_part(app)}/explanation", Explanation, query={"release": release}
        )

    def troubles(self, app: str | None) -> list[Trouble]:
        return self._ask("GET", "troubles", list[Trouble], query={"app": app})

    def diff(
        self, app: str, targets: Sequence[str], *, release: str | None, repo: str | None
    ) -> Diff:
        query = {"to": ",".join(targets), "release": release, "repo": repo}
        return self._ask("GET", f"apps/{path_part(app)}/diff", Diff, query=query)

    def findings(self) -> list[Finding]:
        return self._ask("GET", "findings", list[Finding])

    def holds(self, *, app: str | None, with_released: bool, limit: int | None) -> list[Hold]:
        query = {"app": app, "all": "true" if with_released else None, "limit": limit}
        return self._ask("GET", "holds", list[Hold], query=query)

    def add_hold(self, hold: Body) -> HoldPut:
        return self._ask("POST", "holds", HoldPut, body=hold)

    def foresee_release(self, hold: str | None, app: str | None) -> ReleaseForeseen:
        """Return what a release would let go: of one hold, or of those on the app or everywhere."""
        path, body = _holds_meant(hold, app)
        return self._ask("POST", f"{path}/actions/foresee", ReleaseForeseen, body=body)

    def release_holds(
        self, hold: str | None, app: str | None, *, agreed: Agreed, discard: bool
    ) -> Released:
        """Release as it was shown: one hold, or what holds the app now, or every target."""
        path, body = _holds_meant(hold, app)
        said = {**body, "agreed": agreed, "discard": discard}
        return self._ask("POST", f"{path}/actions/release", Released, body=said)

    def hold(self, id: str) -> Hold:
        return self._ask("GET", f"holds/{path_part(id)}", Hold)

    def commit_blocks(
        self, *, app: str | None, with_unblocked: bool, limit: int | None
    ) -> list[CommitBlock]:
        query = {"app": app, "all": "true" if with_unblocked else None, "limit": limit}
        return self._ask("GET", "commit-blocks", list[CommitBlock], query=query)

    def block_commit(self, block: Body) -> CommitBlockPut:
        return self._ask("POST", "commit-blocks", CommitBlockPut, body=block)

    def unblock_commit(self, block: Body) -> CommitBlock:
        return self._ask("POST", "commit-blocks/actions/unblock", CommitBlock, body=block)

    def _ask(
        self,
        method: str,
        path: str,
        shape: type[Answer],
        *,
        query: Mapping[str, Any] | None = None,
        body: Body | None = None,
    ) -> Answer:
        return self._fitting(self._call(method, path, query=query, body=body), shape)

    def _fitting(self, response: httpx.Response, shape: type[Answer]) -> Answer:
        answer: Answer | None = body_of(response)
        if answer is None:
            raise self._stranger(response)
        if place := misfit(answer, shape):
            raise NotAListener(
                f"Couldn't understand the answer of {self.url} ({place}). Is it of another version?"
            )
        return answer

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Body | None = None,
    ) -> httpx.Response:
        response = self._send(method, path, query, body)
        if response.status_code == httpx.codes.UNAUTHORIZED and self._renew:
            self._headers = bearer(self._renew())
            response = self._send(method, path, query, body)
        if not response.is_success:
            raise self._refusal(response)
        return response

    def _send(
        self, method: str, path: str, query: Mapping[str, Any] | None, body: Body | None
    ) -> httpx.Response:
        given = {key: value for key, value in (query or {}).items() if value is not None}
        try:
            with turning("Waiting for the listener", after=LATER):
                return answered(
                    self._client, method, f"/api/{path}", given, body=body, headers=self._headers
                )
        except httpx.RequestError as error:
            raise Unreachable(self._silence(error, is_change=method != "GET")) from error

    def _silence(self, error: httpx.RequestError, *, is_change: bool) -> str:
        if is_change and was_sent(error):
            doubt = "It may have been done: look before you say it again."
            return f"No answer from {self.url}: {reason(error)}. {doubt}"
        hint = "Is it running, and is the URL right?"
        return f"Couldn't reach the listener at {self.url}: {reason(error)}. {hint}"

    def _refusal(self, response: httpx.Response) -> Refused | NotAListener | Unreachable:
        if words := own_words(response):
            wait = response.headers.get("Retry-After", "")
            again_in = float(wait) if wait.isdecimal() else None
            return Refused(words[1], id=words[0], status=response.status_code, again_in=again_in)
        if response.is_server_error:
            return Unreachable(
                f"{self.url} answered {response.status_code} without a reason. Look at its logs."
            )
        return self._stranger(response)

    def _stranger(self, response: httpx.Response) -> NotAListener:
        if target := response.headers.get("Location"):
            return NotAListener(
                f"{self.url} sends us on to {target}. If that is the listener, log in to that URL."
            )
        return NotAListener(
            f"{self.url} does not answer like a listener ({response.status_code})."
            " Is the URL right?"
        )


def _holds_meant(hold: str | None, app: str | None) -> tuple[str, dict[str, Any]]:
    return ("holds", {"app": app}) if hold is None else (f"holds/{path_part(hold)}", {})
