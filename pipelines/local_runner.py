"""Beam's embedded runner, with worker processes that leave the terminal to the progress line."""

import shlex
import sys
from typing import Any

from apache_beam.portability.python_urns import SUBPROCESS_SDK
from apache_beam.runners.portability.fn_api_runner import FnApiRunner


class LocalRunner(FnApiRunner):
    """`FnApiRunner`, except that `--direct_running_mode=multi_processing` starts `pipelines.worker`."""

    def run_via_runner_api(self, pipeline_proto: Any, options: Any) -> Any:
        """Run the pipeline; see `FnApiRunner`."""
        for environment in pipeline_proto.components.environments.values():
            if environment.urn == SUBPROCESS_SDK:
                environment.payload = f"exec {shlex.quote(sys.executable)} -m pipelines.worker".encode()
        return super().run_via_runner_api(pipeline_proto, options)
