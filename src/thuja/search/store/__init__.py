"""The folder of an index: built, added to, compacted, read while it is written, here or in object storage."""
