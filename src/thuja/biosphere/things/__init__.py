"""A world that is not alive: objects, scenes, shapes and signs with captions, for replay and the test of forgetting.

`Thing.of` turns a config and a number into facts and captions, `draw_thing` facts into a picture, `write_things` puts
all on disk, and `questions` asks what the test pictures show.
"""

from thuja.biosphere.things.draw import draw_thing
from thuja.biosphere.things.facts import Facts, Group
from thuja.biosphere.things.questions import TASKS, Answer, Choice, Task, answers_of, choices_of, questions
from thuja.biosphere.things.thing import Thing, ThingsConfig
from thuja.biosphere.things.writer import ThingsWriteConfig, write_things

__all__ = [
    "TASKS",
    "Answer",
    "Choice",
    "Facts",
    "Group",
    "Task",
    "Thing",
    "ThingsConfig",
    "ThingsWriteConfig",
    "answers_of",
    "choices_of",
    "draw_thing",
    "questions",
    "write_things",
]
