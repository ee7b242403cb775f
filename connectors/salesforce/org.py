"""One organisation, spoken to through simple-salesforce; its errors, which quote the answer, become ours, which do not.

The client never logs in or repeats by itself. Every answer tells how much of the day's allowance is used: from four
fifths on the calls of all processes keep a distance, so that people's work is not refused because of ours.
"""

from typing import Any

import msgspec
import requests

from connectors.salesforce.answers import name_trouble
from connectors.salesforce.login import SessionKey
from hub.domain import Allowance, Manifest
from hub.errors import Unavailable
from hub.kit import Services
from hub.kit.vendor import vendor_session

FAR = 0.8  # of the allowance used
COMES_BACK_SECONDS = 3_600.0  # it is counted over a rolling day, so something of it comes back every hour
AT_LEAST = 12  # never farther apart than five minutes: that is how often one may ask whether there is some again
USAGE = "Sforce-Limit-Info"


def open_client(services: Services, manifest: Manifest, key: SessionKey, version: str) -> Any:
    """simple-salesforce over our session."""
    from simple_salesforce.api import Salesforce as Client

    instance, _, session_id = key.current().value.partition(" ")
    session = vendor_session(services, manifest, auth=key)
    session.hooks["response"].append(Usage(services, manifest.name))
    client: Any = Client(instance=instance, session_id=session_id, version=version, session=session)
    client.headers.pop("X-PrettyPrint", None)  # a third more bytes, for nobody's eyes
    client.parse_result_to_json = decoded  # the library's own way makes an ordered dictionary of each result
    return client


def decoded(answer: requests.Response) -> Any:
    """The body of an answer; a ValueError where it is not JSON."""
    return msgspec.json.decode(answer.content)


class Usage:
    """Hears how much of the day's allowance is used, and tells whoever paces the calls."""

    def __init__(self, services: Services, name: str) -> None:
        self._services, self._name = services, name
        self._told = True  # another process may have told of an hour that is over

    def __call__(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """One answer."""
        from simple_salesforce.api import Salesforce as Client

        usage = Client.parse_api_usage(response.headers.get(USAGE, "")).get("api-usage")
        if usage is None or usage.total <= 0:
            return
        far = usage.used >= usage.total * FAR
        if far or self._told:
            left = max(usage.total - usage.used, AT_LEAST)
            told = Allowance(remaining=left, of=usage.total, seconds=COMES_BACK_SECONDS)
            self._services.budgets.told(self._name, told)
        self._told = far


class Org:
    """The calls that the connector makes."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.instance: str = client.sf_instance
        self.base = f"/services/data/v{client.sf_version}/"

    def exchange(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        """Status and body of one answer; raises only when there was none that can be read."""
        from simple_salesforce.exceptions import SalesforceError

        if body is not None:
            options["data"] = msgspec.json.encode(body)
        try:
            return 200, self._client.restful(path, method=method, **options)
        except SalesforceError as told:
            return told.status, told.content
        except ValueError:
            raise Unavailable("Salesforce's answer is not JSON.") from None

    def ask(self, path: str, *, sobject: str, method: str = "GET", body: Any = None, **options: Any) -> Any:
        """The body of a good answer; anything else is named."""
        status, told = self.exchange(method, path, body, **options)
        if status >= 300:
            raise name_trouble(status, told, sobject=sobject)
        return told

    def upload(self, path: str, text: bytes, *, sobject: str) -> None:
        """Put a CSV."""
        self._raw("PUT", path, sobject, {"Content-Type": "text/csv; charset=UTF-8"}, text)

    def download(self, path: str, *, sobject: str) -> str:
        """Get a CSV."""
        return self._raw("GET", path, sobject, {"Accept": "text/csv"}).content.decode("utf-8", "replace")

    def _raw(
        self, method: str, path: str, sobject: str, headers: dict[str, str], text: bytes | None = None
    ) -> requests.Response:
        answer: requests.Response = self._client.session.request(
            method, self._client.base_url + path, headers={**self._client.headers, **headers}, data=text
        )
        if answer.status_code >= 300:
            try:
                told = answer.json()
            except ValueError:
                told = None
            raise name_trouble(answer.status_code, told, sobject=sobject)
        return answer
