"""What is true of a picture, as a Record and as a row of the table, and the picture's bytes."""

from hashlib import sha256
from typing import Final

from thuja.biosphere.caption import caption
from thuja.biosphere.colours import colour_name, colour_pair
from thuja.biosphere.config import WorldConfig
from thuja.biosphere.draw import draw
from thuja.biosphere.identifying import Label
from thuja.biosphere.scene import Camera
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.sites import BASES, img_type
from thuja.biosphere.traits import TRAITS
from thuja.biosphere.vocabulary import Wording
from thuja.biosphere.within import AILMENTS
from thuja.images import encode_jpeg
from thuja.record import Record, Value, uuid_of_source
from thuja.taxonomy import RANKS, Rank, Taxon

QUALITY: Final = 90
_FACTS: Final = (
    "sex", "life_stage", "img_type", "basis_of_record", "observation_id", "event_date", "location_id",
    "latitude", "longitude", "recorded_by", "catalog_number",
)  # fmt: skip
_TRUTHS: Final = (
    "address", "true_name", "name_fault", "individual_id", "frame", "is_empty", "camera", "view", "style", "ground",
    "is_dark", "occluders", "habitat", "season", "lesions", "parasites", "wear", "is_reversed", "body_plan", *TRAITS,
    "colour_1", "colour_1_rgb", "colour_2", "colour_2_rgb", "caption_test",
)  # fmt: skip
COLUMNS: Final = (
    "file", "uuid", "scientific_name", "common_name", *(rank.label for rank in RANKS), "caption", *_FACTS, *_TRUTHS,
)  # fmt: skip
"""The columns of a world's table."""


def record_of(sighting: Sighting, config: WorldConfig, size: int) -> Record:
    """The Record of a picture in the folder layout: its label's taxon, a caption, who saw it where, and what is true.

    `verbatim_name` is the label as it was written. A wrong label has the wrong taxon; `true_name` is the true species.
    """
    source = f"biosphere-{config.fingerprint}"
    address = address_of(sighting)
    source_id = _opaque(config, address)
    uuid = uuid_of_source(source, source_id)
    label = sighting.observation.label
    return Record(
        uuid=uuid,
        path=f"images/{folder_of(sighting)}/{uuid}.jpg",
        taxon=label.taxon,
        caption=caption(sighting.specimen, sighting.scene),
        data_source=source,
        source_id=source_id,
        width=size,
        height=size,
        facts=_facts(sighting, config) | ({"verbatim_name": label.written} if label.written else {}),
        traits=true_traits(sighting),
    )


def address_of(sighting: Sighting) -> str:
    """The numbers that a picture is drawn from, as `000017-000003`: the species' and the picture's in it."""
    species = "blank" if sighting.species is None else f"{sighting.species.number:06d}"
    return f"{species}-{sighting.number:06d}"


def folder_of(sighting: Sighting) -> str:
    """The folder of a picture: what its label says of it, as sources sort them; a wrong label lies in a wrong one."""
    shown = _shown(sighting.observation.label)
    return "_".join((shown.scientific_name or shown.family or "_unlabelled").split())


def _shown(label: Label) -> Taxon:
    """The lineage that a source gives beside a label: the family's alone where the name was not written properly."""
    return label.taxon.at(Rank.FAMILY) if label.fault.startswith("dirty") else label.taxon


def _opaque(config: WorldConfig, text: str) -> str:
    """An id that tells nothing: the species' own number in it would betray a wrong label."""
    return sha256(f"{config.fingerprint}-{text}".encode()).hexdigest()[:16]


def row_of(sighting: Sighting, record: Record) -> dict[str, Value]:
    """The table's row: what the source says, then what is true. Unknown cells are empty.

    A name that was not written properly comes with the family's lineage alone: what a resolver gets in life.
    """
    label = sighting.observation.label
    shown = _shown(label)
    told: dict[str, Value] = {
        "file": record.path,
        "uuid": record.uuid,
        "scientific_name": label.written,
        "common_name": shown.common,
        **{rank.label: shown[rank] for rank in RANKS},
        "caption": record.caption,
        **record.facts,
        **record.traits,
    }
    return {name: told.get(name, "") for name in COLUMNS}


def _facts(sighting: Sighting, config: WorldConfig) -> dict[str, Value]:
    observation, specimen, camera = sighting.observation, sighting.specimen, sighting.scene.camera
    species = "blank" if sighting.species is None else str(sighting.species.number)
    facts: dict[str, Value] = {
        "img_type": img_type(camera, specimen.looks.body_plan),
        "basis_of_record": BASES[camera],
        "observation_id": _opaque(config, f"{species}-observation-{observation.number}"),
        "event_date": f"{observation.day.isoformat()}T{observation.minute // 60:02}:{observation.minute % 60:02}",
        "location_id": observation.site.code,
        "latitude": observation.site.latitude,
        "longitude": observation.site.longitude,
        "recorded_by": f"observer-{observation.observer:03d}",
    }
    if camera is Camera.MUSEUM:
        facts["catalog_number"] = f"{observation.serial:06d}"
    if sighting.species:
        facts |= {"sex": specimen.sex, "life_stage": specimen.stage}
    return facts


def true_traits(sighting: Sighting) -> dict[str, Value]:
    """What is drawn and whose it is: looks, condition, scene, the true name and the label's fault."""
    scene, observation, specimen = sighting.scene, sighting.observation, sighting.specimen
    traits: dict[str, Value] = {
        "address": address_of(sighting),
        "name_fault": observation.label.fault,
        "frame": sighting.frame,
        "is_empty": scene.is_empty,
        "camera": scene.camera.value,
        "view": scene.view.value,
        "style": scene.style.value,
        "ground": scene.habitat,
        "is_dark": scene.is_dark,
        "occluders": scene.occluders,
    }
    if sighting.species is None:
        return traits
    looks = {name: getattr(specimen.looks, name) for name in ("body_plan", *TRAITS)}
    looks |= {name: getattr(specimen.ailments, name) for name in AILMENTS}
    traits |= {
        "true_name": sighting.species.taxon.scientific_name,
        "individual_id": f"{sighting.species.number:06d}-i{observation.individual:05d}",
        "habitat": sighting.species.habitat,
        "season": specimen.season,
        "is_reversed": specimen.is_reversed,
        **{name: round(value, 4) if isinstance(value, float) else value for name, value in looks.items()},
        "caption_test": caption(specimen, scene, wording=Wording.TEST),
    }
    for name, colour in zip(("colour_1", "colour_2"), colour_pair(specimen.looks), strict=True):
        traits[name] = colour_name(colour)
        traits[f"{name}_rgb"] = "#" + "".join(f"{round(float(level) * 255):02x}" for level in colour)
    return traits


def jpeg_of(sighting: Sighting, size: int) -> bytes:
    """The picture as the bytes of a JPEG file."""
    return encode_jpeg(draw(sighting.specimen, sighting.scene, size), quality=QUALITY)
