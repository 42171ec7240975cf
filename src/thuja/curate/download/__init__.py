"""Images from the web for a curation: polite by host, safe from hostile addresses, and never asked for twice."""

from thuja.curate.download.plan import plan_hosts
from thuja.curate.download.settings import DownloadSettings
from thuja.curate.download.step import download_step

__all__ = ["DownloadSettings", "download_step", "plan_hosts"]
