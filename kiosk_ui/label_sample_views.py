"""What our labels and slips look like: a sample of every template, drawn where the extra for it is installed.

Shows samples only, no parcel and no names, so whoever may see a page may see these. Without the extra the page says so
and offers what a printer gets instead.
"""

from __future__ import annotations

from flask import Response, render_template

from fulfillment.domain.reasons import NotFound
from fulfillment.domain.roles import Permission
from fulfillment.services.printing import label_previews
from fulfillment.web.auth import needs
from kiosk_ui.views import blueprint


@blueprint.get("/labels/templates")
@needs(Permission.READ_BOARD)
def label_samples_page() -> str:
    """Every template with its size, its sample, and the way to its bytes."""
    return render_template(
        "label_samples.html", templates=label_previews.described(), can_draw=label_previews.can_draw()
    )


@blueprint.get("/labels/templates/<name>/<int:dpi>.png")
@needs(Permission.READ_BOARD)
def label_sample_picture(name: str, dpi: int) -> Response:
    """The sample as it is printed at this resolution, a dot a pixel."""
    _check(name, dpi)
    try:
        picture = label_previews.sample_picture(name, dpi)
    except label_previews.CannotDraw as error:
        raise NotFound("no_pictures", str(error)) from error
    return Response(picture, mimetype="image/png")


@blueprint.get("/labels/templates/<name>/<int:dpi>.bytes")
@needs(Permission.READ_BOARD)
def label_sample_bytes(name: str, dpi: int) -> Response:
    """The sample as the printer gets it."""
    language = _check(name, dpi)
    answer = Response(label_previews.sample_bytes(name, dpi), mimetype="application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-{dpi}.{language}"'
    return answer


def _check(name: str, dpi: int) -> str:
    for template in label_previews.described():
        if template["name"] == name and dpi in template["dpis"]:
            return str(template["language"])
    raise NotFound("unknown_template", f"no template {name!r} for {dpi} dpi", "template")
