"""Calls a function in this process, with the site that the environment names: what the other end of
`site.inside` runs. Its module, its name and its arguments, in JSON, are those of the command line.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module

import django

if __name__ == "__main__":
    django.setup()
    module, name, arguments = sys.argv[1:]
    found = getattr(import_module(module), name)(*json.loads(arguments))
    sys.stdout.write(f"\n{json.dumps(found)}\n")
