"""What a server stands on: a model that answers, an index that is searched, either or both."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from thuja.web.problems import Missing
from thuja.web.settings import RequestLimits, ServeSettings

if TYPE_CHECKING:
    from thuja.predict import Predictor
    from thuja.web.review.queue import Review


class Served:
    """The parts of a running server, as every endpoint reaches them."""

    def __init__(
        self,
        settings: ServeSettings,
        *,
        predictor: "Predictor | None" = None,
        index: Any | None = None,
        review: "Review | None" = None,
    ) -> None:
        self.settings, self.predictor, self.index, self.review = settings, predictor, index, review
        self.is_stopping = False

    @property
    def limits(self) -> RequestLimits:
        """How much one request may ask for."""
        return self.settings.limits

    def require_predictor(self) -> "Predictor":
        """The model with its labels; raises Missing."""
        if self.predictor is None:
            raise Missing("this server has no model", hint="start it with --model")
        return self.predictor

    def require_index(self) -> Any:
        """The index; raises Missing."""
        if self.index is None:
            raise Missing("this server has no index", hint="start it with --index")
        return self.index


def served_by(request: Request) -> Served:
    """What the application that got this request stands on."""
    served = request.app.state.served
    assert isinstance(served, Served)
    return served


Here = Annotated[Served, Depends(served_by)]
"""The type of an endpoint's argument that is handed the server's parts."""
