"""A form with files and a JSON field: how it is read, and how it stands in the OpenAPI document.

The document cannot tell it from the code, since a form is read by ourselves.
"""

import json
from dataclasses import replace
from typing import Any

from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request

from thuja.web.problems import M, Refusal, WrongType, read_json
from thuja.web.settings import JSON, RequestLimits
from thuja.web.uploads import Upload, read_form


async def read_asked(
    request: Request, limits: RequestLimits, shape: type[M], *, files: str, field: str, has_json: bool = False
) -> tuple[M, tuple[Upload, ...]]:
    """What a request asks and the files that it sends: a form's, or with `has_json` a body of JSON and no file.

    What may be JSON by itself is no longer in a form: only examples are.

    Raises as `read_form` does, also where a body of JSON ends early, and Invalid for JSON of another shape.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_json and kind == "application/json":
        try:
            body = await request.body()
        except ClientDisconnect as error:
            raise Refusal("the body ended early") from error
        return read_json(shape, body.decode("utf-8", "replace")), ()
    if has_json and kind != "multipart/form-data":
        raise WrongType("the body is neither JSON nor multipart/form-data")
    least = min(limits.question_bytes, JSON) if has_json else limits.question_bytes
    form = await read_form(request, replace(limits, question_bytes=least), files=files)
    return read_json(shape, form.fields.get(field) or "{}"), form.files


def form_body(
    *, files: str, field: str, shape: type[BaseModel], example: dict[str, Any], has_json: bool = False
) -> dict[str, Any]:
    """The request body of an endpoint that reads a multipart form by itself, or JSON of the same shape too."""
    whole = shape.model_json_schema()
    schema = _inlined(whole, whole.pop("$defs", {}))
    form = {
        "type": "object",
        "properties": {
            files: {"type": "array", "items": {"type": "string", "contentMediaType": "image/jpeg"}},
            field: {"type": "string", "contentMediaType": "application/json", "contentSchema": schema},
        },
    }
    content: dict[str, Any] = {"multipart/form-data": {"schema": form, "example": {field: json.dumps(example)}}}
    if has_json:
        content["application/json"] = {"schema": schema, "example": example}
    return {"requestBody": {"required": True, "content": content}}


def _inlined(node: Any, parts: dict[str, Any]) -> Any:
    """A schema with its parts in place of references to them, which would lead nowhere from within a document."""
    if isinstance(node, list):
        return [_inlined(one, parts) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(parts[node["$ref"].rsplit("/", 1)[-1]], parts)
    return {name: _inlined(one, parts) for name, one in node.items()}
