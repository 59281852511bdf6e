import subprocess
import sys

import pytest

FREE_AND_TAKE = """
import resource, sys
from filters.allocation import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
for _ in range(30):
    layers = [b"x" * (20 << 20), b"x" * (21 << 20), b"x" * (22 << 20)]
    layers.clear()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def faults(how: str) -> int:
    """How often a page came anew from the system."""
    command = [sys.executable, "-c", FREE_AND_TAKE, how]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc can be told")
def test_memory_that_is_freed_and_taken_again_does_not_come_anew_from_the_system() -> None:
    pages = 30 * (63 << 20) // 4096
    assert faults("kept") < pages / 5
    assert faults("given back") > pages / 2
