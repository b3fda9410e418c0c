# SPDX-License-Identifier: Apache-2.0 OR MIT
"""ghmesh: what GitHub's API answered, shared by every process of a machine and by a swarm of machines.

    import ghmesh

    cache = ghmesh.GitHubAPICache()
    cache.put("get_repo_info", {"name": "Hello-World"}, 300, "octocat/Hello-World")
    cache.get("get_repo_info", "octocat/Hello-World")
    await cache.aget("get_repo_info", "octocat/Hello-World")

The class has the constructor and the methods of ``GitHubAPICache`` of ipfs_accelerate_py: change the import and nothing
else. It works in scripts, threads, event loops, mixtures of them, and after a fork.
"""

from ._cache import GitHubAPICache, configure_cache, get_global_cache
from ._cli import GitHubCLI, RunnerManager, WorkflowQueue
from ._ghmesh import validation_cid_of, validation_fields_of

__all__ = ["GitHubAPICache", "GitHubCLI", "RunnerManager", "WorkflowQueue", "configure_cache", "get_global_cache",
           "validation_cid_of", "validation_fields_of"]
__version__ = "0.1.0"
