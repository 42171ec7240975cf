"""Whose words pages are: the wiki, where its titles lead, and the licence of its text."""

from dataclasses import dataclass
from urllib.parse import quote

from thuja.captions.descriptions.description import Source
from thuja.captions.descriptions.pages import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The wiki that pages are of: the word for tables, the address that titles follow, the licence of its text."""

    name: str = "wikipedia-en"
    address: str = "https://en.wikipedia.org/w/index.php"
    licence: str = "CC BY-SA 4.0"
    licence_link: str = "https://creativecommons.org/licenses/by-sa/4.0/"

    def source_of(self, page: Page | None) -> Source:
        """Where a page's words come from; without a page, the wiki alone."""
        if page is None:
            return Source(name=self.name)

        title = quote(page.title.replace(" ", "_"), safe="/:(),'")
        revision = f"&oldid={page.revision}" if page.revision else ""
        return Source(
            name=self.name,
            title=page.title,
            url=f"{self.address}?title={title}{revision}",
            revision=page.revision,
            licence=self.licence,
            licence_link=self.licence_link,
        )
