"""What a template process executes first: lets in the packages that it was given, and nothing else."""

import importlib.util
import json
import os
import sys

if __name__ == "__main__":
    setup = json.loads(sys.argv[1])
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages.py")
    spec = importlib.util.spec_from_file_location("packages", beside)
    assert spec is not None and spec.loader is not None
    packages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(packages)
    packages.serve(setup["packages"])
    from fastheur.isolation.template import main

    main(setup)
