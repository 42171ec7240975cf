"""A captioner behind HTTP: any OpenAI-compatible server of a multimodal model, several at once, paid and paced."""

from thuja.captions.server.addresses import KEY_VARIABLE, OPENAI_VARIABLE
from thuja.captions.server.budget import Usage
from thuja.captions.server.captioner import ServerCaptioner
from thuja.captions.server.checking import Checked, check_servers
from thuja.captions.server.settings import ANSWER_FORMS, AnswerForm, Patience, Rates, ServerSettings, Spending

__all__ = [
    "ANSWER_FORMS",
    "KEY_VARIABLE",
    "OPENAI_VARIABLE",
    "AnswerForm",
    "Checked",
    "Patience",
    "Rates",
    "ServerCaptioner",
    "ServerSettings",
    "Spending",
    "Usage",
    "check_servers",
]
