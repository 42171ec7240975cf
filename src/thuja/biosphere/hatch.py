"""stub"""
from PIL import Image
from thuja.biosphere.scene import Scene, Specimen
def hatched(specimen: Specimen, scene: Scene, size: int) -> Image.Image:
    raise NotImplementedError
