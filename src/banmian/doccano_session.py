"""A requests session that trusts no server: limits on time and size, no redirects, plain errors.

doccano-client works over it, so that each of its calls is bounded and checked too.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Thread
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import requests

_CHUNK = 1 << 16
_LONGEST_MESSAGE = 300


class DoccanoError(Exception):
    """A server that cannot be worked with; the message says what happened and what to do."""


@dataclass(frozen=True)
class Limits:
    """How long to wait for a server, in seconds, and how much to take from it, in bytes.

    ``silence`` is the longest wait for the next bytes, ``whole`` for a whole answer, ``task`` for an
    import or export to be done. ``reply`` is the largest answer, ``session`` all of them together.
    """

    silence: float = 30
    whole: float = 120
    task: float = 300
    reply: int = 64 * 1024 * 1024
    session: int = 1024 * 1024 * 1024


class GuardedSession(requests.Session):
    """Every request has a time limit, every answer a size limit; an error status raises.

    ``secrets`` are replaced in whatever the server says before anybody sees it.
    """

    def __init__(self, url: str, limits: Limits, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.url, self.limits = url, limits
        self._taken = 0
        self._secrets = tuple(secret for secret in secrets if secret)
        # A body that unpacks itself could be any size.
        self.headers.update({"Referer": url, "Accept-Encoding": "identity"})
        # This machine's own address is not asked of a proxy that the environment names.
        self._direct = {"no_proxy": urlsplit(url).hostname or ""} if is_loopback(url) else None

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
        """As requests' own. Raises DoccanoError for whatever is no answer with status 2xx."""
        outcome: list[requests.Response | Exception] = []

        def work() -> None:
            try:
                outcome.append(self._fetch(method, url, *args, **kwargs))
            except Exception as error:  # noqa: BLE001 - handed to the thread that waits
                outcome.append(error)

        # requests' own timeout begins anew with every byte; a server that drips would hold us.
        thread = Thread(target=work, daemon=True)
        thread.start()
        thread.join(self.limits.whole)
        if not outcome:
            raise DoccanoError(f"{self.url} did not answer in full within {self.limits.whole:g} s")
        result = outcome[0]
        if isinstance(result, requests.RequestException):
            raise DoccanoError(self._explain(result)) from None
        if isinstance(result, Exception):
            raise result
        self._check_status(result)
        return result

    def _fetch(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs |= {"timeout": self.limits.silence, "allow_redirects": False, "stream": True}
        kwargs["proxies"] = self._direct
        response = super().request(method, url, *args, **kwargs)
        with response:
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise DoccanoError(f"{self.url} answers compressed, though asked not to")
            data, until = bytearray(), monotonic() + self.limits.whole
            for chunk in response.iter_content(_CHUNK):
                data += chunk
                if len(data) > self.limits.reply:
                    size = self.limits.reply // 1024 // 1024
                    raise DoccanoError(f"{self.url} answers with more than {size} MB")
                if self._taken + len(data) > self.limits.session:
                    size = self.limits.session // 1024 // 1024
                    raise DoccanoError(f"{self.url} has sent more than {size} MB by now")
                if monotonic() > until:
                    raise DoccanoError(f"{self.url} answers too slowly")
        self._taken += len(data)
        response._content = bytes(data)  # noqa: SLF001 - where requests keeps a body it has read
        return response

    def _explain(self, error: requests.RequestException) -> str:
        if isinstance(error, requests.exceptions.SSLError):
            return f"{self.url}: the server's certificate cannot be verified"
        if isinstance(error, requests.Timeout):
            return f"{self.url} does not answer within {self.limits.silence:g} s"
        if isinstance(error, requests.exceptions.ProxyError):
            return f"{self.url}: the proxy cannot be reached"
        if isinstance(error, requests.exceptions.ChunkedEncodingError):
            return f"{self.url} broke off in the middle of an answer"
        if isinstance(error, requests.ConnectionError):
            return f"{self.url} cannot be reached; does doccano run there?"
        return f"{self.url}: the request failed ({type(error).__name__})"

    def _check_status(self, response: requests.Response) -> None:
        status = response.status_code
        if 300 <= status < 400:
            target = urlsplit(response.headers.get("Location", ""))
            where = f"{target.scheme}://{target.netloc}" if target.netloc else "another page"
            raise DoccanoError(
                f"{self.url} sends us on to {self.printable(where)}; give doccano's own address"
            )
        if status in {401, 403}:
            raise DoccanoError(f"{self.url} refuses: {self._said(response)} (status {status})")
        if not 200 <= status < 300:
            raise DoccanoError(f"{self.url} answers status {status}: {self._said(response)}")

    def _said(self, response: requests.Response) -> str:
        """What an error answer says, short and fit to be shown."""
        try:
            value = json.loads(response.content)
        except (ValueError, RecursionError):
            return "no reason given"
        while isinstance(value, (dict, list)) and value:
            value = next(iter(value.values())) if isinstance(value, dict) else value[0]
        return self.printable(str(value)) or "no reason given"

    def printable(self, text: str) -> str:
        """What a server says on one line, without control characters and secrets, not too long."""
        secrets = (*self._secrets, *(cookie.value or "" for cookie in self.cookies))
        for secret in filter(None, secrets):
            text = text.replace(secret, "***")
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return text[:_LONGEST_MESSAGE]


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_url(url: str) -> str:
    """The address with its closing slash. Raises DoccanoError for what is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise DoccanoError("the address of doccano is not a URL") from None
    if parts.username or parts.password:
        raise DoccanoError("put the password in DOCCANO_PASSWORD, not into the address")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise DoccanoError("the address of doccano must look like https://doccano.example/")
    if parts.query or parts.fragment:
        raise DoccanoError("the address of doccano must end with its path, without ? and #")
    return url if url.endswith("/") else f"{url}/"


def field_of(value: Any, key: str) -> Any:
    """One field of an answer. Raises DoccanoError where the answer does not have it."""
    if not isinstance(value, Mapping) or key not in value:
        raise DoccanoError(f"the server's answer is not doccano's (no {key!r} in it)")
    return value[key]


def number_of(value: Any, key: str) -> int:
    """One field of an answer that is a number. Raises DoccanoError where it is none."""
    number = field_of(value, key)
    if type(number) is not int or number < 0:
        raise DoccanoError(f"the server's answer is not doccano's ({key!r} is no number)")
    return number


def text_of(value: Any, key: str) -> str:
    """One field of an answer that is text. Raises DoccanoError where it is none."""
    text = field_of(value, key)
    if not isinstance(text, str):
        raise DoccanoError(f"the server's answer is not doccano's ({key!r} is no text)")
    return text
