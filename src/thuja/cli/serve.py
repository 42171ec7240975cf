"""`thuja serve`: a model and an index behind a page and an API."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from thuja.cli.hardware import HardwareChoice, hardware_options
from thuja.cli.label_options import LabelOptions, label_options
from thuja.cli.option_groups import grouped
from thuja.errors import UsageError

if TYPE_CHECKING:
    from thuja.web.opening import Named
    from thuja.web.settings import ServeSettings


class ServerChoice(NamedTuple):
    """What the user said of the server itself."""

    host: str
    port: int
    key_file: Path | None
    cors: tuple[str, ...]
    allow_host: tuple[str, ...]
    allow_links: bool
    max_body: int
    max_images: int
    max_pixels: int
    queue: int
    timeout: float

    def settings(self, *, review: Path | None, batch_size: int) -> "ServeSettings":
        """As the server takes it; raises UsageError."""
        from thuja.web.keys import read_keys
        from thuja.web.settings import Pace, RequestLimits, ServeSettings

        size = self.max_body * 2**20
        limits = RequestLimits(
            bytes=size, image_bytes=min(size, RequestLimits().image_bytes), images=self.max_images,
            pixels=self.max_pixels * 10**6,
        )  # fmt: skip
        return ServeSettings(
            host=self.host,
            port=self.port,
            keys=frozenset() if self.key_file is None else read_keys(self.key_file),
            cors=self.cors,
            hosts=self.allow_host,
            allows_links=self.allow_links,
            review=review,
            limits=limits,
            pace=Pace(batch=batch_size, queue=self.queue, answer=self.timeout),
        )


_SERVER = (
    click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on."),
    click.option("--port", type=int, default=8080, show_default=True, help="0 takes any that is free."),
    click.option("--key-file", type=click.Path(path_type=Path), help="API keys, one a line; without, all may ask."),
    click.option("--cors", multiple=True, metavar="ORIGIN", help="Pages of this origin may ask; repeat it for more."),
    click.option("--allow-host", multiple=True, metavar="NAME", help="A name that the server is called by, too."),
    click.option("--allow-links", is_flag=True, help="Let pictures be named by link, to the open web alone."),
    click.option("--max-body", type=click.IntRange(min=1), default=64, show_default=True, help="MiB of one request."),
    click.option("--max-images", type=click.IntRange(min=1), default=32, show_default=True, help="In one request."),
    click.option("--max-pixels", type=click.IntRange(min=1), default=50, show_default=True, help="Millions a picture."),
    click.option("--queue", type=click.IntRange(min=1), default=256, show_default=True, help="Pictures that may wait."),
    click.option(
        "--timeout", type=click.FloatRange(min=0.1), default=60, show_default=True, help="Seconds until an answer."
    ),
)

server_options = grouped("server", ServerChoice, _SERVER)
"""Gives a command the options above, as one argument `server`."""


@click.command()
@click.option("--index", metavar="DIR", help="What thuja index built: a folder, or one on object storage.")
@click.option("--model", "-m", metavar="NAME", help="A model's or run's folder, or a published model's name.")
@click.option("--demo", is_flag=True, help="Serve what make demo has trained in this folder.")
@click.option(
    "--review", type=click.Path(path_type=Path), metavar="ANSWERS", help="Look through what thuja predict --out wrote."
)
@click.option("--calibration", metavar="DIR", help="As in thuja predict; `none` for raw scores.")
@label_options
@server_options
@click.option("--batch-size", type=click.IntRange(min=1), default=16, show_default=True, help="Pictures of one pass.")
@hardware_options
def serve(
    *,
    index: str | None,
    model: str | None,
    demo: bool,
    review: Path | None,
    calibration: str | None,
    labels: LabelOptions,
    server: ServerChoice,
    batch_size: int,
    hardware: HardwareChoice,
) -> None:
    """Serve a page and an API: identify pictures, search them, walk the tree, compare, review.

    A model alone identifies; an index alone is searched by its own pictures and names; both together do everything.
    The server listens on this machine alone unless --host says otherwise. It stops on Ctrl+C or SIGTERM, when what it
    has taken is answered; a second one ends it at once.

    \b
    Examples:
      thuja serve --model run
      thuja serve --index index --model bioclip-2 --port 9000
      thuja serve --index index --model run --host 0.0.0.0 --key-file keys.txt
    """
    from thuja.web.logs import log_as_json
    from thuja.web.opening import demo_named, open_served
    from thuja.web.running import open_socket, serve

    labels.require_sense()
    if demo and (index or model):
        raise UsageError("--demo names a model and an index already", hint="leave out --demo, or the two")
    settings = server.settings(review=review, batch_size=batch_size)
    named = _named(index, model, labels, calibration=calibration, hardware=hardware, is_demo=demo)
    if demo:
        named = demo_named(Path(), named)
    with open_socket(settings) as listening:  # a port that is taken is said before a model is loaded
        served = open_served(named, settings)
        for remark in served.predictor.told if served.predictor is not None else ():
            click.echo(remark, err=True)
        if not settings.is_loopback and not settings.keys:
            click.echo(f"whoever reaches {settings.host} may ask this server: --key-file wants a key of them", err=True)
        log_as_json()
        serve(served, listening, say=click.echo)


def _named(
    index: str | None,
    model: str | None,
    labels: LabelOptions,
    *,
    calibration: str | None,
    hardware: HardwareChoice,
    is_demo: bool,
) -> "Named":
    from thuja.predict.options import PredictorOptions
    from thuja.web.opening import DEMOS, Named

    is_calibrated = calibration != "none"
    options = PredictorOptions(
        checklist=labels.checklist,
        adds=labels.add,
        calibration=Path(calibration) if calibration is not None and is_calibrated else None,
        is_calibrated=is_calibrated,
        bins=labels.read_bins() if labels.bins is not None else None,
    )
    named = Named(
        model=DEMOS[0] if is_demo else model,
        index=index,
        labels=labels.space or labels.custom(),
        within=labels.within,
        options=options,
    )
    return named if named.model is None else replace(named, hardware=hardware.settled())
