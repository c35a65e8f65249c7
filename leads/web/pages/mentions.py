"""提及: who speaks of the clinics."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from leads.web.auth import Anyone
from leads.web.desk import TheDesk
from leads.web.render import render

routes = APIRouter()


@routes.get("/mentions")
def mentions(request: Request, desk: TheDesk, visitor: Anyone, clinic: str = "") -> Response:
    """Newest first, of one clinic or of all that the visitor may see."""
    found = [
        mention
        for mention in desk.index.mentions(clinic_id=clinic, limit=100)
        if visitor.may_see_mention(mention)
    ]
    names = {item.id: item.name for item in visitor.clinics}
    values = {
        "mentions": found,
        "clinics": visitor.clinics,
        "names": names,
        "clinic": clinic,
        "now": desk.clock(),
    }
    return render(request, "mentions.html", values)
