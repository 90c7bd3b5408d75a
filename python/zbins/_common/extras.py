"""What to type where a package of an extra is missing."""

from __future__ import annotations

import re
import shlex


def pip_install(extra: str) -> str:
    """Return the command that installs what an extra needs: ``pip install 'torch>=2.6'``.

    zbins itself is on no index, so that no message can name its extras to pip. The requirements are
    those of the package's own metadata, which are those of pyproject.toml.

    Parameters
    ----------
    extra : str
        A name under ``[project.optional-dependencies]``.
    """
    from importlib import metadata  # only where something is wrong already

    try:
        declared = metadata.requires("zbins") or ()
    except metadata.PackageNotFoundError:  # the sources are on the path, but not installed
        declared = ()
    of_extra = re.compile(rf"""([^;]+);\s*extra\s*==\s*["']{extra}["']\s*""")
    found = [match[1].strip() for line in declared if (match := of_extra.fullmatch(line))]
    if not found:
        return f"pip install '.[{extra}]' in a checkout of zbins"
    return "pip install " + " ".join(map(shlex.quote, found))
