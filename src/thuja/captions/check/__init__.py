"""Whether a caption says only what its picture shows: one file a check, each with a score and a reason."""
