// SPDX-License-Identifier: Apache-2.0 OR MIT
// Octokit as people use it, driven by test_octokit.py: reads {baseUrl, token, scene} from standard input and prints
// what the scene saw as JSON. Any request to another origin than baseUrl's is refused and reported.
import { Octokit } from "octokit";
import { readFileSync } from "node:fs";

const { baseUrl, token, scene, etag } = JSON.parse(readFileSync(0, "utf8"));
const origin = new URL(baseUrl).origin;
const escapes = [];
const urls = [];
const direct = globalThis.fetch;
globalThis.fetch = async (resource, options) => {
  const url = new URL(typeof resource === "string" ? resource : resource.url);
  urls.push(url.href);
  if (url.origin !== origin) {
    escapes.push(url.href);
    throw new Error(`a client left for ${url.origin}`);
  }
  return direct(resource, options);
};

const octokit = new Octokit({
  auth: token,
  baseUrl,
  retry: { enabled: false },
  throttle: { onRateLimit: () => false, onSecondaryRateLimit: () => false },
});
const widgets = { owner: "octo-org", repo: "widgets" };

const scenes = {
  async repository() {
    const { data, headers } = await octokit.rest.repos.get(widgets);
    return { data, etag: headers.etag };
  },
  async paginate() {
    const issues = await octokit.paginate(octokit.rest.issues.listForRepo, { ...widgets, state: "all", per_page: 30 });
    return issues.map((issue) => issue.number);
  },
  async wrapped() {
    const runs = await octokit.paginate(octokit.rest.actions.listWorkflowRunsForRepo, { ...widgets, per_page: 15 });
    return runs.map((run) => run.id);
  },
  async iterator() {
    const pages = [];
    const options = { ...widgets, per_page: 20 };
    const commits = octokit.paginate.iterator(octokit.rest.repos.listCommits, options);
    for await (const { data } of commits) pages.push(data.length);
    return pages;
  },
  async follow() {
    const { data: repository } = await octokit.rest.repos.get(widgets);
    const { data: issues } = await octokit.request(repository.issues_url.replace("{/number}", ""));
    const { data: comments } = await octokit.request(issues.find((issue) => issue.comments > 0).comments_url);
    return comments.map((comment) => comment.body);
  },
  async conditional() {
    try {
      await octokit.rest.repos.get({ ...widgets, headers: { "if-none-match": etag } });
      return 200;
    } catch (error) {
      return error.status;
    }
  },
  async missing() {
    try {
      await octokit.rest.repos.get({ owner: "octo-org", repo: "nowhere" });
      return 200;
    } catch (error) {
      return { status: error.status, message: error.response.data.message };
    }
  },
  async renamed() {
    const { data } = await octokit.rest.repos.get({ owner: "octo-org", repo: "before" });
    return data.full_name;
  },
  async graphql() {
    const { viewer } = await octokit.graphql("query { viewer { login } }");
    return viewer.login;
  },
  async create() {
    const { status, data } = await octokit.rest.issues.create({ ...widgets, title: "From Octokit" });
    return { status, url: data.url };
  },
};

const result = await scenes[scene]();
console.log(JSON.stringify({ result, urls, escapes }));
