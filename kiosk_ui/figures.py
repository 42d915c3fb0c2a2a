"""Numbers and days as the reader's language writes them. Units stay what they are: g, kg, mm, m."""

from __future__ import annotations

from datetime import date, datetime, tzinfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from flask_babel import get_locale

# English on a floor reads the day before the month and the month by its name: 12 Jan 2026 means one day only.
ENGLISH = Locale("en", "GB")


def reading() -> Locale:
    """Whose way of writing figures holds: the reader's, English where nobody reads."""
    locale = get_locale()
    return ENGLISH if locale is None or str(locale) == "en" else locale


def number(value: object) -> str:
    """A whole number, grouped; what is no number stays away, so that a template may ask for what a screen lacks."""
    return format_decimal(value, format="#,##0", locale=reading()) if isinstance(value, int | float) else ""


def decimal(value: float, places: int = 1) -> str:
    """A number with so many decimal places, grouped."""
    return format_decimal(value, format=f"#,##0.{'0' * places}", locale=reading())


def signed(value: float, places: int = 0) -> str:
    """A difference: its sign is always written."""
    part = f"#,##0.{'0' * places}" if places else "#,##0"
    return format_decimal(value, format=f"+{part};-{part}", locale=reading())


def kilograms(value_g: int, places: int = 1) -> str:
    """Grams as kilograms, without the unit."""
    return decimal(value_g / 1000, places)


def metres(value_dm: int) -> str:
    """Decimetres as whole metres, without the unit."""
    return number((value_dm + 5) // 10)


def day(value: str | date | None) -> str:
    """A day, given as such or as ISO 8601 writes it; '' stays ''."""
    if not value:
        return ""
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return str(value)  # not a day of the calendar: shown as it came
    return format_date(found, format="medium", locale=reading())


def moment(at_ms: int, zone: tzinfo | None) -> str:
    """Milliseconds since 1970 as day, hour and minute in a time zone."""
    at = datetime.fromtimestamp(at_ms // 1000, zone)
    return f"{day(at.date())} {format_time(at.timetz(), format='short', locale=reading())}"
