"""What is true of a picture, as a Record, and the picture's bytes."""

from dataclasses import asdict

from thuja.biosphere.caption import caption
from thuja.biosphere.colours import colour_name, colour_pair
from thuja.biosphere.draw import draw
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.world import WorldConfig
from thuja.images import encode_jpeg
from thuja.record import Record, Value, uuid_of_source

QUALITY = 90


def record_of(sighting: Sighting, config: WorldConfig, size: int) -> Record:
    """The Record of a picture in the folder layout: taxon, caption, stage and sex, and its true traits."""
    source = f"biosphere-{config.fingerprint}"
    source_id = f"{sighting.species.number:06d}-{sighting.number:06d}"
    uuid = uuid_of_source(source, source_id)
    taxon = sighting.species.taxon
    return Record(
        uuid=uuid,
        path=f"images/{taxon.genus}_{taxon.species}/{uuid}.jpg",
        taxon=taxon,
        caption=caption(sighting),
        data_source=source,
        source_id=source_id,
        width=size,
        height=size,
        facts={"sex": sighting.specimen.sex, "life_stage": sighting.specimen.stage},
        traits=true_traits(sighting),
    )


def true_traits(sighting: Sighting) -> dict[str, Value]:
    """The specimen's traits and where it was seen; the two colours as names and as #rrggbb."""
    specimen = sighting.specimen
    traits: dict[str, Value] = {
        name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(specimen.traits).items()
    }
    traits["habitat"] = sighting.scene.habitat
    traits["is_reversed"] = specimen.is_reversed
    for name, colour in zip(("colour_1", "colour_2"), colour_pair(specimen.traits), strict=True):
        traits[name] = colour_name(colour)
        traits[f"{name}_rgb"] = "#" + "".join(f"{round(float(level) * 255):02x}" for level in colour)
    return traits


def jpeg_of(sighting: Sighting, size: int) -> bytes:
    """The picture as the bytes of a JPEG file."""
    return encode_jpeg(draw(sighting.specimen, sighting.scene, size), quality=QUALITY)
