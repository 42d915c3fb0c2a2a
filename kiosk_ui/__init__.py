"""The pages people work with: kiosk, bench and board. Server-rendered, one hand-written script each."""

from kiosk_ui import (  # noqa: F401 - each declares its pages on the one blueprint
    counting_views,
    desk_views,
    sheet_views,
    stock_views,
    trace_views,
)
from kiosk_ui.views import blueprint

__all__ = ["blueprint"]
