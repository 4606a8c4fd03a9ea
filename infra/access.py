"""Who may reach what this process serves: everybody on this machine; from elsewhere, who holds a token."""

import hmac
from ipaddress import ip_address

from pydantic import SecretStr
from starlette.datastructures import Headers


class OpenToStrangers(Exception):
    """Something would answer other machines without asking for a token."""

    def __init__(self, what: str, host: str, token_setting: str, host_setting: str) -> None:
        super().__init__(
            f"{what} on {host} would be open to other machines: set {token_setting}, "
            f"or {host_setting}=127.0.0.1 to keep it on this one"
        )


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches `host`."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_strangers(host: str, token: SecretStr | None, what: str, prefix: str) -> None:
    """Raises OpenToStrangers when `host` is reachable from elsewhere and no token is set. `prefix`: of the settings
    that say so, such as `EARSHOT_PAGE`."""
    if not is_loopback(host) and not (token and token.get_secret_value()):
        raise OpenToStrangers(what, host, f"{prefix}_TOKEN", f"{prefix}_HOST")


def bearer(headers: Headers) -> str:
    """The token that a request carries; empty if none."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def same_secret(given: str, expected: str) -> bool:
    """Compares in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), expected.encode())
