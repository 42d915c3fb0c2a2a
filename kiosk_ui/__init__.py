"""The pages people work with: kiosk, bench and board. Server-rendered, one hand-written script each."""

from kiosk_ui.views import blueprint

__all__ = ["blueprint"]
