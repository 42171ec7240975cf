"""One benchmark a file, each read from the folder that its header describes; `own` reads a table of your images."""

from thuja.errors import UnknownName
from thuja.evaluate.task import Task
from thuja.evaluate.tasks import (
    awa2,
    camera_traps,
    cornell_bird,
    cryptic_bio,
    fishnet,
    herbarium19,
    inat21,
    inquire,
    meta_album,
    nabirds,
    newt,
    own,
    plant_doc,
    plant_id,
    rare_species,
)

ALL_TASKS: tuple[Task, ...] = (
    nabirds.TASK,
    *meta_album.TASKS,
    rare_species.TASK,
    *camera_traps.TASKS,
    inat21.TASK,
    cryptic_bio.TASK,
    fishnet.TASK,
    newt.TASK,
    awa2.TASK,
    herbarium19.TASK,
    plant_doc.TASK,
    *inquire.TASKS,
    cornell_bird.TASK,
    plant_id.TASK,
)
"""In the order of the papers' tables."""
OWN = own.TASK


def task_name(task: Task) -> str:
    """What the task is called on the command line and in files, with hyphens."""
    return task.about.name.replace("_", "-")


def find_task(name: str) -> Task:
    """The task of that name, spelt with hyphens or underscores; raises UnknownName."""
    known = {task_name(task): task for task in (*ALL_TASKS, OWN)}
    task = known.get(name.strip().lower().replace("_", "-"))
    if task is None:
        raise UnknownName.of("task", name, known)
    return task
