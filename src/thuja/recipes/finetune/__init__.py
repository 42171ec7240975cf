"""Fine-tuning to a user's own photos: `finetune` does it, by a `Request`, and `plan_finetune` says what it would do."""

from thuja.recipes.finetune.job import finetune, plan_finetune, require_distinct
from thuja.recipes.finetune.request import Request

__all__ = ["Request", "finetune", "plan_finetune", "require_distinct"]
