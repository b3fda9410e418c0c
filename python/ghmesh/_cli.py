# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The predecessor's helpers around ``gh``: what they answer goes through the cache."""

import json
import logging
import random
import shutil
import subprocess
import time

from ._cache import get_global_cache

logger = logging.getLogger("ghmesh")

_REPO_FIELDS = "name,owner,url,updatedAt,pushedAt,isPrivate,description"
_RUN_FIELDS = "databaseId,name,status,conclusion,createdAt,updatedAt,event,headBranch,url"


class GitHubError(RuntimeError):
    """``gh`` has failed, and nothing was held that could stand in."""


class GitHubCLI:
    """Asks GitHub through ``gh`` (and so through a daemon, where one is set up), and remembers the answers.

    ``cache``: a GitHubAPICache; None takes the one of this process. ``cache_ttl``: seconds. When ``gh`` fails, an
    answer that is held is returned although it is stale.
    """

    def __init__(self, gh_path=None, enable_cache=True, cache=None, cache_ttl=300, auto_refresh_token=False,
                 token_refresh_threshold=3600):
        self.gh_path = gh_path or shutil.which("gh") or "gh"
        self.cache = (cache or get_global_cache()) if enable_cache else None
        self.cache_ttl = cache_ttl
        self.auto_refresh_token = auto_refresh_token  # gh refreshes its own
        self.token_refresh_threshold = token_refresh_threshold

    def run(self, *arguments, timeout=60, tries=3):
        """The JSON that ``gh`` prints. Raises GitHubError."""
        for attempt in range(tries):
            try:
                done = subprocess.run([self.gh_path, *arguments], capture_output=True, text=True, timeout=timeout)
            except (OSError, subprocess.TimeoutExpired) as error:
                raise GitHubError(str(error)) from error
            if done.returncode == 0:
                return json.loads(done.stdout) if done.stdout.strip() else None
            # A limit is not asked again here: whoever waits for it knows for how long (Retry-After).
            if "HTTP 5" not in done.stderr or attempt + 1 == tries:
                raise GitHubError(done.stderr.strip())
            time.sleep(0.2 * 2 ** attempt * (1 + random.random()))
        return None

    def cached(self, operation, arguments, *key, ttl=None, use_cache=True):
        """What ``gh`` answers to these arguments, kept as ``operation`` with ``key``."""
        if self.cache is None or not use_cache:
            return self.run(*arguments)
        held = self.cache.get(operation, *key)
        if held is not None:
            return held
        try:
            self.cache.increment_api_call_count("graphql", operation)
            answered = self.run(*arguments)
        except GitHubError:
            stale = self.cache.get_stale(operation, *key)
            if stale is None:
                raise
            logger.warning("gh has failed; %s is answered from what is held", operation)
            return stale
        self.cache.put(operation, answered, ttl if ttl is not None else self.cache_ttl, *key)
        return answered

    def list_repos(self, owner=None, limit=30, visibility=None, use_cache=True):
        arguments = ["repo", "list", *([owner] if owner else []), "--limit", str(limit), "--json", _REPO_FIELDS]
        if visibility:
            arguments += ["--visibility", visibility]
        return self.cached("list_repos", arguments, owner or "", limit, visibility or "", use_cache=use_cache)

    def get_repo_info(self, repo, use_cache=True):
        return self.cached("get_repo_info", ["repo", "view", repo, "--json", _REPO_FIELDS], repo, use_cache=use_cache)

    def get_auth_status(self):
        done = subprocess.run([self.gh_path, "auth", "status"], capture_output=True, text=True, timeout=60)
        return {"authenticated": done.returncode == 0, "output": (done.stdout + done.stderr).strip()}

    def list_workflow_runs(self, repo, status=None, limit=20, use_cache=True):
        return WorkflowQueue(self).list_workflow_runs(repo, status, limit, use_cache=use_cache)

    def list_runners(self, repo=None, org=None, use_cache=True):
        return RunnerManager(self).list_runners(repo, org, use_cache=use_cache)


class WorkflowQueue:
    """Workflow runs, for a minute."""

    def __init__(self, gh_cli=None):
        self.gh = gh_cli or GitHubCLI()

    def list_workflow_runs(self, repo, status=None, limit=20, branch=None, use_cache=True):
        arguments = ["run", "list", "--repo", repo, "--limit", str(limit), "--json", _RUN_FIELDS]
        if branch:
            arguments += ["--branch", branch]
        runs = self.gh.cached("list_workflow_runs", arguments, repo, limit, branch or "", ttl=60, use_cache=use_cache)
        return [run for run in runs or [] if status is None or run.get("status") == status]

    def get_workflow_run(self, repo, run_id, use_cache=True):
        return self.gh.cached("get_workflow_run", ["run", "view", str(run_id), "--repo", repo, "--json", _RUN_FIELDS],
                              repo, run_id, ttl=60, use_cache=use_cache)

    def list_failed_runs(self, repo, limit=20):
        return [run for run in self.list_workflow_runs(repo, limit=limit) if run.get("conclusion") == "failure"]


class RunnerManager:
    """Self-hosted runners, for half a minute."""

    def __init__(self, gh_cli=None):
        self.gh = gh_cli or GitHubCLI()

    def list_runners(self, repo=None, org=None, use_cache=True):
        if not repo and not org:
            raise ValueError("list_runners() wants a repo or an org")
        path = f"repos/{repo}/actions/runners" if repo else f"orgs/{org}/actions/runners"
        answered = self.gh.cached("list_runners", ["api", path], repo or "", org or "", ttl=30, use_cache=use_cache)
        return (answered or {}).get("runners", [])
