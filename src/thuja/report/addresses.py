"""What may stand in a page as an address: a link to the web, or a picture's own bytes."""

import base64
from urllib.parse import urlsplit


def web_address(text: str) -> str:
    """The address where it is one of http or https, else nothing: `javascript:` runs when it is clicked.

    >>> web_address("https://example.org/1"), web_address("javascript:alert(1)")
    ('https://example.org/1', '')
    """
    link = text.strip()
    try:
        address = urlsplit(link)
    except ValueError:  # brackets that hold no address
        return ""
    return link if address.scheme in ("http", "https") and address.netloc else ""


def data_uri(picture: bytes) -> str:
    """A picture, PNG or JPEG, as an address that holds it.

    >>> data_uri(b"\\x89PNG..."), data_uri(b"\\xff\\xd8\\xff")
    ('data:image/png;base64,iVBORy4uLg==', 'data:image/jpeg;base64,/9j/')
    """
    kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
