"""The two version numbers, each in its one place."""

VERSION = "0.1.0"

ENGINE = "1"
"""Version of the trainer's bytes: raised whenever the same seed would give another model.

A shard refuses a packet of another engine version, since leaves of two engines must never meet in one model.
"""
