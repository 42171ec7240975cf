"""How a form with files and a JSON field stands in the OpenAPI document, which cannot tell it from the code."""

import json
from typing import Any

from pydantic import BaseModel


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
