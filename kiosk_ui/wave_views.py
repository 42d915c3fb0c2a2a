"""The board's panel of the next wave. Releasing needs a token that may; the others see the same without buttons."""

from __future__ import annotations

from collections.abc import Mapping

from fulfillment.domain.roles import Permission
from fulfillment.web.auth import may_here
from kiosk_ui.views import blueprint
from kiosk_ui.words import table


@blueprint.app_template_global()
def may_release_waves() -> bool:
    """Whether the bearer of this page's token may release waves."""
    return may_here(Permission.RELEASE_WAVES)


@blueprint.app_template_global()
def wave_words() -> Mapping[str, str]:
    """What the panel's script says."""
    return table("wave")
