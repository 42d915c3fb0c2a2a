"""Keeping a floor safe: copies of it, bringing them back, a newer schema, another engine.

What is here replaces whole databases, so it never works on the only good copy: the new one is made beside it,
verified, and takes its place in one step, or not at all.
"""

from __future__ import annotations


class NotSafe(RuntimeError):
    """It was not done, and nothing was changed; the words say why and what to do."""
