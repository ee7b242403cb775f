"""The listening page: how much is said, how it is meant, whose voice it is, where, of what and by whom."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from command_centre import figured, looking
from command_centre.filters import Asked
from command_centre.pages import page

router = APIRouter(default_response_class=HTMLResponse)

KEY = ("mentions", "net_sentiment", "share_of_voice", "engagement", "reach")


@router.get("/listening")
def listening(given: Asked) -> HTMLResponse:
    """What is heard in the time that was chosen."""
    with looking.look(given) as look:
        facts = look.facts | {
            "cards": figured.cards(look, KEY),
            "volume": figured.over_time(look, "mentions", "Mentions", by="subject"),
            "sentiment": figured.over_time(look, "net_sentiment", "Net sentiment"),
            "where": figured.by_part(look, "mentions", "network", "Mentions by network"),
        }
    return page("listening.html", **facts)
