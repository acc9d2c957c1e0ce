"""Connections to a scheduler."""

import distributed
import pytest

from bmm.execution.cluster import connected


def test_files_are_written_without_asking_the_scheduler():
    # Of a default client, xarray would ask the scheduler for a lock, dead or alive.
    with (
        distributed.LocalCluster(1, processes=False, dashboard_address=None) as cluster,
        connected(cluster.scheduler_address),
        pytest.raises(ValueError, match="No clients found"),
    ):
        distributed.default_client()
