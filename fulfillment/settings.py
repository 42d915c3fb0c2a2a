"""Environment → one frozen `Settings`. A malformed value stops start-up and names its variable."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class SettingError(ValueError):
    """A FLOOR_… variable holds something unusable."""


@dataclass(frozen=True)
class Settings:
    """Everything the composition root needs.

    home: folder for the database, tapes and logs; database_url: SQLAlchemy address;
    host, port, live_port: where the web and the live screens listen (loopback unless said otherwise);
    warehouse_id: which warehouse of the database this floor is;
    max_line_each: an order line above this is a typing error, not an order.
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
    demo_badge: str = ""

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
            demo_badge=env.get("FLOOR_DEMO_BADGE", cls.demo_badge),
        )
        unknown = sorted(name for name in env if name.startswith("FLOOR_") and name not in KNOWN)
        if unknown:
            raise SettingError(f"{unknown[0]}: no such setting")
        return settings


KNOWN = frozenset(
    {
        "FLOOR_HOME", "FLOOR_DATABASE", "FLOOR_HOST", "FLOOR_PORT", "FLOOR_LIVE_PORT", "FLOOR_WEB_WORKERS",
        "FLOOR_WEB_THREADS", "FLOOR_WAREHOUSE", "FLOOR_TIME_ZONE", "FLOOR_GS1_COMPANY_PREFIX",
        "FLOOR_MAX_LINE_EACH", "FLOOR_DEMO_BADGE", "FLOOR_WAREHOUSE_ID",
    }
)  # fmt: skip


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
