"""Environment → one frozen `Settings`. A malformed value stops start-up and names its variable."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from devices.patience import LEAST_PERCENT, MOST_PERCENT
from fulfillment.domain.languages import LANGUAGES


class SettingError(ValueError):
    """A FLOOR_… variable holds something unusable."""


@dataclass(frozen=True)
class CompanyLogIn:
    """The company's own log-in (OpenID Connect), as the floor is known there; the secret is not shown when printed.

    issuer: whose word counts, exactly as its tokens write it; address: where browsers reach this floor;
    name: what the button says; secret_file: read at each use, so that another secret needs no restart.
    """

    issuer: str
    client_id: str
    name: str
    address: str
    secret: str = field(default="", repr=False)
    secret_file: str = ""


@dataclass(frozen=True)
class Settings:
    """Everything the composition root needs.

    home: folder for the database, tapes and logs; database_url: SQLAlchemy address;
    host, port, live_port: where the web and the live screens listen (loopback unless said otherwise);
    warehouse_id: which warehouse of the database this floor is;
    max_line_each: an order line above this is a typing error, not an order.
    trusted_proxies: how many proxies in front of us set X-Forwarded-*; 0 = believe none of these headers;
    keep_…_days: how long answers of scans, events and buyers' personal data are kept (0 = for ever).
    language: what pages are written in for who says nothing else;
    printer_patience_percent: how long printers are waited for; less than 100 for simulated ones only.
    training_address: where a training floor is, for the link on kiosks ('' = none).
    service_worker: kiosks on a secure address keep their page for a reload without the network;
    secret_key_file: the key of what the database holds sealed ('' = a file of FLOOR_HOME);
    tls_cert, tls_key: PEM files of the certificate and its key ('' = plain HTTP);
    insecure_lan: plain HTTP beyond this machine, as somebody wanted it; the desk's pages say so.
    company: the company's own log-in for supervisors and admins; None = there is none.
    demo_badge: a badge that signed-out screens offer as a button, for a demo without a scanner ('' = none).
    """

    home: Path
    database_url: str
    host: str = "127.0.0.1"
    port: int = 8400
    live_port: int = 8401
    web_workers: int = 2
    web_threads: int = 8
    warehouse: str = "MAIN"
    warehouse_id: int = 1
    time_zone: str = "Europe/London"
    gs1_company_prefix: str = "0614141"
    max_line_each: int = 10_000
    language: str = "en"
    demo_badge: str = ""
    trusted_proxies: int = 0
    log: str = "text"
    keep_scans_days: int = 90
    keep_events_days: int = 30
    keep_buyers_days: int = 730
    printer_patience_percent: int = 100
    training_address: str = ""
    service_worker: bool = True
    secret_key_file: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    insecure_lan: bool = False
    company: CompanyLogIn | None = None

    @property
    def scheme(self) -> str:
        """What browsers speak with the web and the live screens."""
        return "https" if self.tls_cert else "http"

    @property
    def is_plain_on_lan(self) -> bool:
        """Whether tokens travel where others read along: beyond this machine, without TLS or a proxy that has it."""
        return not (self.tls_cert or self.trusted_proxies or is_loopback(self.host))

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read FLOOR_HOME, FLOOR_DATABASE, FLOOR_HOST, FLOOR_PORT, … ; unknown FLOOR_ names are refused."""
        env = os.environ if env is None else env
        home = Path(env.get("FLOOR_HOME", ".floor")).absolute()
        time_zone = env.get("FLOOR_TIME_ZONE", cls.time_zone)
        try:
            ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise SettingError(f"FLOOR_TIME_ZONE: no such time zone: {time_zone!r}") from error
        prefix = env.get("FLOOR_GS1_COMPANY_PREFIX", cls.gs1_company_prefix)
        if not (prefix.isdigit() and 6 <= len(prefix) <= 12):
            raise SettingError("FLOOR_GS1_COMPANY_PREFIX: 6 to 12 digits")
        settings = cls(
            home=home,
            database_url=env.get("FLOOR_DATABASE", f"sqlite:///{home / 'floor.sqlite'}"),
            host=env.get("FLOOR_HOST", cls.host),
            port=_number(env, "FLOOR_PORT", cls.port, 1, 65535),
            live_port=_number(env, "FLOOR_LIVE_PORT", cls.live_port, 1, 65535),
            web_workers=_number(env, "FLOOR_WEB_WORKERS", cls.web_workers, 1, 64),
            web_threads=_number(env, "FLOOR_WEB_THREADS", cls.web_threads, 1, 1024),
            warehouse=env.get("FLOOR_WAREHOUSE", cls.warehouse),
            warehouse_id=_number(env, "FLOOR_WAREHOUSE_ID", cls.warehouse_id, 1, 1_000_000),
            time_zone=time_zone,
            gs1_company_prefix=prefix,
            max_line_each=_number(env, "FLOOR_MAX_LINE_EACH", cls.max_line_each, 1, 1_000_000),
            language=_one_of(env, "FLOOR_LANGUAGE", cls.language, tuple(LANGUAGES)),
            demo_badge=env.get("FLOOR_DEMO_BADGE", cls.demo_badge),
            trusted_proxies=_number(env, "FLOOR_TRUSTED_PROXIES", cls.trusted_proxies, 0, 8),
            log=_one_of(env, "FLOOR_LOG", cls.log, ("text", "json")),
            # A device may come back after a month with what it could not send.
            keep_scans_days=_days(env, "FLOOR_KEEP_SCANS_DAYS", cls.keep_scans_days, 30),
            keep_events_days=_days(env, "FLOOR_KEEP_EVENTS_DAYS", cls.keep_events_days, 1),
            keep_buyers_days=_days(env, "FLOOR_KEEP_BUYERS_DAYS", cls.keep_buyers_days, 1),
            service_worker=_one_of(env, "FLOOR_SERVICE_WORKER", "on", ("on", "off")) == "on",
            printer_patience_percent=_number(
                env, "FLOOR_PRINTER_PATIENCE_PERCENT", cls.printer_patience_percent, LEAST_PERCENT, MOST_PERCENT
            ),
            training_address=_address(env, "FLOOR_TRAINING_ADDRESS"),
            tls_cert=env.get("FLOOR_TLS_CERT", cls.tls_cert),
            tls_key=env.get("FLOOR_TLS_KEY", cls.tls_key),
            insecure_lan=_one_of(env, "FLOOR_INSECURE_LAN", "off", ("on", "off")) == "on",
            secret_key_file=env.get("FLOOR_SECRET_KEY_FILE", cls.secret_key_file),
            company=_company(env),
        )
        if bool(settings.tls_cert) != bool(settings.tls_key):
            raise SettingError("FLOOR_TLS_CERT and FLOOR_TLS_KEY: both or neither")
        unknown = sorted(name for name in env if name.startswith("FLOOR_") and name not in KNOWN)
        if unknown:
            raise SettingError(f"{unknown[0]}: no such setting")
        return settings


def refuse_missing_oidc(settings: Settings) -> None:
    """A company's log-in that is wanted and cannot work is said at the start, not to whoever signs in first.

    Raises:
        SettingError: saying what to install.
    """
    if settings.company is not None and find_spec("authlib") is None:
        raise SettingError("FLOOR_OIDC_ISSUER: signing in by it needs a library: pip install 'floorline[oidc]'")


KNOWN = frozenset(
    {
        "FLOOR_HOME", "FLOOR_DATABASE", "FLOOR_HOST", "FLOOR_PORT", "FLOOR_LIVE_PORT", "FLOOR_WEB_WORKERS",
        "FLOOR_WEB_THREADS", "FLOOR_WAREHOUSE", "FLOOR_TIME_ZONE", "FLOOR_GS1_COMPANY_PREFIX",
        "FLOOR_MAX_LINE_EACH", "FLOOR_DEMO_BADGE", "FLOOR_WAREHOUSE_ID", "FLOOR_TRUSTED_PROXIES",
        "FLOOR_LANGUAGE", "FLOOR_LOG", "FLOOR_KEEP_SCANS_DAYS", "FLOOR_KEEP_EVENTS_DAYS", "FLOOR_KEEP_BUYERS_DAYS",
        "FLOOR_PRINTER_PATIENCE_PERCENT", "FLOOR_SERVICE_WORKER", "FLOOR_TRAINING_ADDRESS", "FLOOR_SECRET_KEY_FILE",
        "FLOOR_TLS_CERT", "FLOOR_TLS_KEY", "FLOOR_INSECURE_LAN",
        "FLOOR_OIDC_ISSUER", "FLOOR_OIDC_CLIENT_ID", "FLOOR_OIDC_CLIENT_SECRET", "FLOOR_OIDC_CLIENT_SECRET_FILE",
        "FLOOR_OIDC_NAME", "FLOOR_PUBLIC_ADDRESS",
        "FLOOR_LABEL_FONTS",  # read by label_templates itself, which imports nothing of the server
    }
)  # fmt: skip


def _company(env: Mapping[str, str]) -> CompanyLogIn | None:
    """The company's log-in; half a configuration is none anybody meant."""
    names = ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "NAME")
    said = {name: env.get(f"FLOOR_OIDC_{name}", "").strip() for name in names}
    address = env.get("FLOOR_PUBLIC_ADDRESS", "").strip().rstrip("/")
    if address:
        _check_safe("FLOOR_PUBLIC_ADDRESS", address)
        if urlsplit(address).path:
            raise SettingError("FLOOR_PUBLIC_ADDRESS: without a path: https://floor.example")
    if not said["ISSUER"]:
        given = sorted(name for name, value in said.items() if value)
        if given:
            raise SettingError(f"FLOOR_OIDC_{given[0]}: means nothing without FLOOR_OIDC_ISSUER")
        return None
    _check_safe("FLOOR_OIDC_ISSUER", said["ISSUER"])
    if not said["CLIENT_ID"]:
        raise SettingError("FLOOR_OIDC_CLIENT_ID: what the provider knows this floor by")
    if bool(said["CLIENT_SECRET"]) == bool(said["CLIENT_SECRET_FILE"]):
        raise SettingError("FLOOR_OIDC_CLIENT_SECRET_FILE or FLOOR_OIDC_CLIENT_SECRET: one of them")
    if not address:
        raise SettingError("FLOOR_PUBLIC_ADDRESS: where browsers reach this floor, as the provider was told")
    name = said["NAME"] or urlsplit(said["ISSUER"]).hostname or ""
    return CompanyLogIn(
        said["ISSUER"], said["CLIENT_ID"], name[:60], address, said["CLIENT_SECRET"], said["CLIENT_SECRET_FILE"]
    )  # fmt: skip


def _check_safe(name: str, address: str) -> None:
    """Whoever stands between could be anybody: https, or this very machine."""
    try:
        parts = urlsplit(address)
        host, is_odd = parts.hostname or "", bool(parts.query or parts.fragment or parts.username)
        _ = parts.port
    except ValueError as error:
        raise SettingError(f"{name}: no address: {address!r}") from error
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not host or is_odd or not is_safe:
        raise SettingError(f"{name}: https://…, or http:// on this machine alone")


def is_loopback(host: str) -> bool:
    """Whether what is said to it never leaves this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False  # a name: nobody knows what it leads to


def _one_of(env: Mapping[str, str], name: str, default: str, words: tuple[str, ...]) -> str:
    value = env.get(name, default)
    if value not in words:
        raise SettingError(f"{name}: {value!r} is none of {', '.join(words)}")
    return value


def _address(env: Mapping[str, str], name: str) -> str:
    """An address a page may lead to."""
    value = env.get(name, "").strip()
    if value and not value.startswith(("http://", "https://")):
        raise SettingError(f"{name}: http://… or https://…")
    return value


def _days(env: Mapping[str, str], name: str, default: int, least: int) -> int:
    """A number of days, 0 = for ever."""
    return 0 if env.get(name, "").strip() == "0" else _number(env, name, default, least, 36_500)


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError as error:
        raise SettingError(f"{name}: not a whole number: {text!r}") from error
    if not low <= value <= high:
        raise SettingError(f"{name}: {value} is not within {low} to {high}")
    return value
