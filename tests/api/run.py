#!/usr/bin/env python3
"""Runs the API tests against the real binary: VELO_BIN=bin/velo tests/api/run.py [name...]. Standard library only."""
import importlib
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from studio import Studio, repository  # noqa: E402

MODULES = ["test_access", "test_sources", "test_sql", "test_executions", "test_scripts", "test_uploads", "test_threads", "test_chat", "test_bad_input"]


def main():
    binary = os.environ.get("VELO_BIN", os.path.join(repository(), "bin", "velo"))
    wanted = sys.argv[1:]
    passed, failed = 0, []
    studio = Studio(binary)
    try:
        for module_name in MODULES:
            module = importlib.import_module(module_name)
            for name, test in list(vars(module).items()):
                if not name.startswith("test_") or not callable(test):
                    continue
                title = f"{module_name}.{name}"
                if wanted and not any(word in title for word in wanted):
                    continue
                started = time.time()
                try:
                    test(studio)
                    passed += 1
                except Exception:
                    failed.append(title)
                    print(f"FAILED {title} ({time.time() - started:.2f} s)\n{traceback.format_exc(limit=-2)}", flush=True)
                    if studio.process.poll() is not None:
                        print(f"the Studio ended with {studio.process.returncode}:\n{studio.process.stdout.read()}")
                        print(f"api: {passed} passed, {len(failed)} failed")
                        return 1
    finally:
        studio.stop()
    print(f"api: {passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
