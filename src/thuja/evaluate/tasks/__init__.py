"""One file a task; each takes arrays and gives answers, and knows no model."""
