"""The command centre's application: who may see it, and what no page may ever do."""

from pathlib import Path

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

from command_centre import (
    behind,
    crises,
    desk,
    judging,
    kpis,
    listening,
    maturity,
    overview,
    pages,
    people,
    pictures,
    quality,
    reports,
    sources,
    warm,
    words,
    work,
)
from hub.errors import HubError

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",  # Airflow shows the pages in a frame of its own
    "Referrer-Policy": "no-referrer",  # a page's address holds ids of posts
    "Cache-Control": "no-store",
}


def build() -> FastAPI:
    """The application, every route behind Airflow's log-in: a mounted one is open by default."""
    app = FastAPI(
        title="Command centre",
        dependencies=[Depends(get_user)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # FastAPI's own routes would not ask who is there
        lifespan=warm.lifespan,
    )
    app.include_router(pages.router)
    shown = (
        overview,
        listening,
        crises,
        work,
        people,
        sources,
        quality,
        maturity,
        reports,
        kpis,
        behind,
        pictures,
        desk,
    )
    for each in shown:
        app.include_router(each.router)
    app.include_router(judging.router)
    app.mount("/static", StaticFiles(directory=HERE / "static"))  # mounts ask nobody: public files only
    app.middleware("http")(with_headers)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, misread)
    app.add_exception_handler(HubError, in_trouble)
    return app


async def with_headers(request: Request, call_next) -> Response:
    """Every answer carries the same rules for the browser; files may be kept, pages not."""
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def refused(request: Request, problem: HTTPException) -> Response:
    """People who come by a link from a ticket are shown the way to log in; programs get JSON."""
    if "text/html" not in request.headers.get("accept", ""):
        return await http_exception_handler(request, problem)
    login = get_auth_manager().get_url_login(next_url=str(request.url)) if problem.status_code == 401 else None
    page = words.template("refused.html").render(status=problem.status_code, detail=problem.detail, login=login)
    return HTMLResponse(page, status_code=problem.status_code)


async def misread(request: Request, problem: RequestValidationError) -> Response:
    """An address that no page of ours leads to; what was wrong with it is not repeated."""
    if "text/html" not in request.headers.get("accept", ""):
        return await request_validation_exception_handler(request, problem)
    where = {str(each["loc"][-1]) for each in problem.errors() if each.get("loc")}
    return await refused(request, HTTPException(422, f"The address is wrong in {', '.join(sorted(where))[:200]}."))


async def in_trouble(request: Request, problem: HubError) -> Response:
    """The store cannot be read: say so, with the remedy that the error names."""
    page = words.template("refused.html").render(status=503, detail=str(problem), login=None)
    return HTMLResponse(page, status_code=503)
