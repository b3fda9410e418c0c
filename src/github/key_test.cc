// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/key.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/limits.h"

namespace ghmesh::github {
namespace {

struct Asked {
  std::string target;
  std::vector<http::FieldView> fields = {};
  std::string_view method = "GET";
  std::string_view host = "api.github.com";
  std::optional<std::uint64_t> content_length = {};
};

KeyedRequest key(const Asked& asked) {
  KeyedRequest keyed;
  const auto target = parse_target(asked.host, asked.target);
  EXPECT_TRUE(target) << asked.target;
  if (!target) return keyed;
  http::RequestHead head;
  head.method = asked.method;
  head.target = asked.target;
  head.host = asked.host;
  head.content_length = asked.content_length;
  for (const http::FieldView& field : asked.fields) head.fields[head.fields_count++] = field;
  key_request(*target, head, keyed);
  keyed.route.owner = keyed.route.repository = {};  // views into `asked`, which may be a temporary
  return keyed;
}

std::string text(const Asked& asked) {
  const KeyedRequest keyed = key(asked);
  EXPECT_EQ(bypass_name(keyed.bypass), "none") << asked.target;
  return keyed.text;
}

std::string_view bypass(const Asked& asked) { return bypass_name(key(asked).bypass); }

TEST(Key, IsMadeOfLengthPrefixedParts) {
  EXPECT_EQ(text({.target = "/repos/O/R/pulls?state=all",
                  .fields = {{"Accept", "application/vnd.github.diff"},
                             {"X-GitHub-Api-Version", "2022-11-28"}}}),
            "v1:14:api.github.com16:/repos/o/r/pulls10:?state=all27:application/"
            "vnd.github.diff10:2022-11-28");
  EXPECT_EQ(text({.target = "/user"}),
            "v1:14:api.github.com5:/user0:27:application/vnd.github+json0:");
}

TEST(Key, Trap15FoldsTheSpellingsOfOneRepresentation) {
  const std::string plain = text({.target = "/user"});
  for (std::string_view accept :
       {"", "*/*", "application/json", "application/vnd.github+json",
        "application/vnd.github.v3+json", "application/vnd.github.v3+json;charset=utf-8",
        "Application/JSON; Charset=UTF-8", "application/vnd.github.v3+json, application/json",
        "application/json, */*;q=0.8", "application/vnd.github.v3.json"}) {
    const KeyedRequest keyed = key({.target = "/user", .fields = {{"Accept", accept}}});
    EXPECT_EQ(keyed.text, plain) << accept;
    EXPECT_EQ(keyed.accept, "application/vnd.github+json") << accept;
  }
}

TEST(Key, Trap15KeepsOtherRepresentationsApartAndSendsThemAsSpelled) {
  std::map<std::string, std::string_view> seen{{text({.target = "/user"}), "json"}};
  for (std::string_view accept :
       {"application/vnd.github.html", "application/vnd.github.html+json",
        "application/vnd.github.diff", "application/vnd.github.patch", "application/vnd.github.sha",
        "application/vnd.github.star+json", "application/vnd.github.text-match+json",
        "application/vnd.github.full+json", "application/vnd.github.v3.diff",
        "application/vnd.github.object+json", "text/html", "application/json, text/plain, */*",
        "application/json;foo=bar",
        "application/vnd.github.merge-info-preview+json, application/vnd.github.nebula-preview"}) {
    const KeyedRequest keyed = key({.target = "/user", .fields = {{"Accept", accept}}});
    EXPECT_EQ(keyed.accept, accept);
    EXPECT_TRUE(seen.emplace(keyed.text, accept).second) << accept << " = " << seen[keyed.text];
  }
}

TEST(Key, Trap18PassesDownloadsThrough) {
  for (std::string_view accept :
       {"application/octet-stream", "application/vnd.github.raw", "application/vnd.github.v3.raw",
        "application/vnd.github.raw+json", "application/vnd.github.RAW", "application/zip",
        "application/gzip", "application/sarif+json", "application/json, application/octet-stream"})
    EXPECT_EQ(bypass({.target = "/repos/o/r/contents/a", .fields = {{"Accept", accept}}}),
              "media_type")
        << accept;
}

TEST(Key, Trap16FoldsOwnerAndRepositoryCase) {
  EXPECT_EQ(text({.target = "/repos/Octo-Org/Hello.World/pulls/7"}),
            text({.target = "/repos/octo-org/hello.world/pulls/7"}));
  EXPECT_EQ(text({.target = "/orgs/GitHub/repos"}), text({.target = "/orgs/github/repos"}));
  EXPECT_EQ(text({.target = "/users/OctoCat"}), text({.target = "/users/octocat"}));
  // What follows has case: branches, files, tags.
  EXPECT_NE(text({.target = "/repos/o/r/contents/README"}),
            text({.target = "/repos/o/r/contents/readme"}));
  EXPECT_NE(text({.target = "/repos/o/r/branches/Main"}),
            text({.target = "/repos/o/r/branches/main"}));
  EXPECT_NE(text({.target = "/Repos/o/r"}), text({.target = "/repos/o/r"}));
  // The upstream is asked as the caller spelled it: its answer may name the canonical case.
  EXPECT_EQ(key({.target = "/repos/O/R"}).upstream_target, "/repos/O/R");
}

TEST(Key, Trap16FoldsTheDefaultsOfPaging) {
  const std::string plain = text({.target = "/repos/o/r/pulls"});
  for (std::string_view query :
       {"?page=1", "?per_page=30", "?per_page=30&page=1", "?page=1&per_page=30"})
    EXPECT_EQ(text({.target = "/repos/o/r/pulls" + std::string(query)}), plain) << query;
  EXPECT_EQ(text({.target = "/repos/o/r/pulls?state=all&page=1&sort=updated"}),
            text({.target = "/repos/o/r/pulls?state=all&sort=updated"}));
  EXPECT_EQ(key({.target = "/repos/o/r/pulls?page=1"}).upstream_target, "/repos/o/r/pulls?page=1");
}

TEST(Key, DoesNotFoldWhatCouldMeanAnotherPage) {
  std::map<std::string, std::string_view> seen;
  for (std::string_view query : {"",
                                 "?",
                                 "?page=2",
                                 "?page=2&page=1",
                                 "?page=1&page=2",
                                 "?page=1&p%61ge=2",
                                 "?p%61ge=2",
                                 "?page=1;page=2",
                                 "?page=1&page[]=2",
                                 "?page=1&a+b=2",
                                 "?per_page=30&per_page=100",
                                 "?per_page=100",
                                 "?page=01",
                                 "?page=1&",
                                 "?&page=2",
                                 "?page",
                                 "?page=",
                                 "?PAGE=1",
                                 "?per_page=030",
                                 "?a=b;page=2&page=1",
                                 "?a=b;page=2"}) {
    const auto [place, is_new] = seen.emplace(text({.target = "/x" + std::string(query)}), query);
    if (query == "?page=1&") continue;  // an empty pair means nothing: the same as no query
    EXPECT_TRUE(is_new) << query << " = " << place->second;
  }
}

TEST(Key, KeepsTheOrderOfParameters) {
  EXPECT_NE(text({.target = "/search/issues?q=a&sort=b"}),
            text({.target = "/search/issues?sort=b&q=a"}));
}

TEST(Key, Trap35SeparatesApiVersionsAndHosts) {
  const std::string plain = text({.target = "/user"});
  const std::string versioned =
      text({.target = "/user", .fields = {{"x-github-api-version", "2022-11-28"}}});
  EXPECT_NE(versioned, plain);
  EXPECT_NE(text({.target = "/user", .fields = {{"X-GitHub-Api-Version", "2026-03-10"}}}),
            versioned);
  EXPECT_NE(text({.target = "/user", .host = "ghe.example"}), plain);
  EXPECT_NE(text({.target = "/user", .host = "api.github.com:8443"}), plain);
  EXPECT_EQ(text({.target = "/user", .host = "API.GitHub.com:443"}), plain);
  EXPECT_EQ(
      key({.target = "/user", .fields = {{"X-GitHub-Api-Version", "2022-11-28"}}}).api_version,
      "2022-11-28");
}

TEST(Key, LeavesOutWhatIsNotForwarded) {
  const std::string plain = text({.target = "/user"});
  for (const http::FieldView& field : {http::FieldView{"User-Agent", "curl/7.88"},
                                       {"Time-Zone", "Europe/Berlin"},
                                       {"Cookie", "a=b"},
                                       {"X-Forwarded-Host", "evil"},
                                       {"X-Original-URL", "/rate_limit"},
                                       {"X-Rewrite-URL", "/rate_limit"},
                                       {"Cache-Control", "no-cache"},
                                       {"If-None-Match", "\"x\""},
                                       {"If-Modified-Since", "x"},
                                       {"X-Gh-Cache-Ttl", "1h0m0s"},
                                       {"Accept-Encoding", "gzip"},
                                       {"Accept-Language", "de"},
                                       {"Graphql-Features", "merge_queue"},
                                       {"Authorization", "token x"}})
    EXPECT_EQ(text({.target = "/user", .fields = {field}}), plain) << field.name;
}

TEST(Key, HeadHasTheKeyOfGet) {
  EXPECT_EQ(text({.target = "/user", .method = "HEAD"}), text({.target = "/user"}));
}

TEST(Key, NoChoiceOfValuesMakesTwoRequestsCollide) {
  // The predecessor joined its parts with ":", so that "a:b" and "a", "b" were one key.
  EXPECT_NE(text({.target = "/x?y", .fields = {{"Accept", "a/b"}}}),
            text({.target = "/x", .fields = {{"Accept", "?ya/b"}}}));
  EXPECT_NE(text({.target = "/x", .fields = {{"Accept", "a/b1:2"}}}),
            text({.target = "/x", .fields = {{"Accept", "a/b"}, {"X-GitHub-Api-Version", "2"}}}));
  EXPECT_NE(text({.target = "/a_b"}), text({.target = "/a/b"}));
  EXPECT_NE(text({.target = "/x/27:y"}), text({.target = "/x", .fields = {{"Accept", "/27:y"}}}));
}

TEST(Key, PassesThroughWhatIsNotAPlainQuestion) {
  for (auto method : {"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "PROPFIND"})
    EXPECT_EQ(bypass({.target = "/user", .method = method}), "method") << method;
  EXPECT_EQ(bypass({.target = "/user", .content_length = 2}), "body");
  EXPECT_EQ(bypass({.target = "/user", .content_length = 0}), "none");
  struct Case {
    http::FieldView field;
    std::string_view reason;
  };
  for (const Case& c : {Case{{"Range", "bytes=0-1"}, "range"},
                        {{"If-Range", "\"x\""}, "range"},
                        {{"if-match", "\"x\""}, "precondition"},
                        {{"If-Unmodified-Since", "x"}, "precondition"},
                        {{"X-HTTP-Method-Override", "DELETE"}, "override"},
                        {{"X-HTTP-Method", "PUT"}, "override"},
                        {{"x-method-override", "PUT"}, "override"},
                        {{"X-Github-Next-Global-ID", "1"}, "override"},
                        {{"X-GitHub-OTP", "123456"}, "credential"}}) {
    const KeyedRequest keyed = key({.target = "/user?a=b", .fields = {c.field}});
    EXPECT_EQ(bypass_name(keyed.bypass), c.reason) << c.field.name;
    EXPECT_EQ(keyed.text, "") << c.field.name;
    EXPECT_EQ(keyed.upstream_target, "/user?a=b") << c.field.name;
  }
  EXPECT_EQ(bypass({.target = "/rate_limit"}), "route");
  EXPECT_EQ(bypass({.target = "/user", .fields = {{"Accept", ""}, {"Accept", "text/html"}}}),
            "media_type");
  const std::string long_value(kKeyFieldBytesMax + 1, 'a');
  EXPECT_EQ(bypass({.target = "/user", .fields = {{"Accept", long_value}}}), "media_type");
}

TEST(Key, Trap25KnowsHostsThatAreNotTheApi) {
  for (auto host :
       {"uploads.github.com", "github.com", "codeload.github.com", "raw.githubusercontent.com",
        "objects.githubusercontent.com", "x.blob.core.windows.net", "gist.github.com",
        "UPLOADS.GitHub.com", "uploads.tenant.ghe.com"}) {
    EXPECT_FALSE(is_api_host(host)) << host;
    EXPECT_EQ(bypass({.target = "/user", .host = host}), "host") << host;
  }
  for (auto host :
       {"api.github.com", "API.github.com", "ghe.example", "api.tenant.ghe.com", "127.0.0.1:8418"})
    EXPECT_TRUE(is_api_host(host)) << host;
}

TEST(Key, LeavesNothingOfTheRequestBeforeWhenReused) {
  // One object serves request after request: nothing of the one before is left.
  KeyedRequest keyed;
  http::RequestHead head;
  head.method = "GET";
  const auto first = parse_target("api.github.com", "/repos/o/r/pulls?state=all");
  const auto second = parse_target("api.github.com", "/rate_limit");
  key_request(*first, head, keyed);
  EXPECT_FALSE(keyed.text.empty());
  const auto capacity = keyed.text.capacity();
  key_request(*second, head, keyed);
  EXPECT_EQ(keyed.text + keyed.accept + keyed.api_version, "");
  EXPECT_EQ(keyed.upstream_target, "/rate_limit");
  EXPECT_EQ(keyed.text.capacity(), capacity);  // and nothing is allocated anew
}

TEST(Target, RemovesTheDoorsPrefix) {
  struct Case {
    std::string_view target, path, prefix;
    Service service;
  };
  for (const Case& c : {Case{"/user", "/user", "", Service::rest},
                        {"/api/v3/user", "/user", "/api/v3", Service::rest},
                        {"/api/v3/", "/", "/api/v3", Service::rest},
                        {"/api/v3", "/", "/api/v3", Service::rest},
                        {"/api/v30/user", "/api/v30/user", "", Service::rest},
                        {"/api/v3x", "/api/v3x", "", Service::rest},
                        {"/graphql", "/graphql", "", Service::graphql},
                        {"/api/graphql", "/graphql", "/api/v3", Service::graphql},
                        {"/api/graphql/x", "/api/graphql/x", "", Service::rest},
                        {"/api/uploads/repos/o/r/releases/1/assets", "/repos/o/r/releases/1/assets",
                         "/api/v3", Service::uploads},
                        {"/API/v3/user", "/API/v3/user", "", Service::rest}}) {
    const auto target = parse_target("h", c.target);
    ASSERT_TRUE(target) << c.target;
    EXPECT_EQ(target->path, c.path) << c.target;
    EXPECT_EQ(target->prefix, c.prefix) << c.target;
    EXPECT_EQ(target->service, c.service) << c.target;
  }
  EXPECT_EQ(text({.target = "/api/v3/user?a=1"}), text({.target = "/user?a=1"}));
  EXPECT_EQ(bypass({.target = "/api/graphql", .method = "POST"}), "method");
  EXPECT_EQ(bypass({.target = "/graphql"}), "method");
  EXPECT_EQ(bypass({.target = "/api/uploads/x", .method = "POST"}), "host");
  EXPECT_EQ(enterprise_prefix(Service::graphql), "/api");
}

TEST(Target, SplitsPathAndQuery) {
  const auto target = parse_target("h", "/a/b?c=d?e&f");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/a/b");
  EXPECT_EQ(target->query, "c=d?e&f");
  EXPECT_TRUE(target->has_query);
  EXPECT_FALSE(parse_target("h", "/a")->has_query);
  EXPECT_TRUE(parse_target("h", "/a?")->has_query);
}

TEST(Target, TakesTheAbsoluteFormApart) {
  EXPECT_EQ(parse_target("h", "http://api.github.localhost/user?a")->path, "/user");
  EXPECT_EQ(parse_target("h", "HTTPS://h/user")->path, "/user");
  EXPECT_EQ(parse_target("h", "http://h")->path, "/");
}

TEST(Target, RefusesWhatIsNoTarget) {
  for (auto target : {"", "*", "user", "?a=b", "/a b", "/a\tb", "/a\nb", "/a#b", "/a?b#c", "/\x7f",
                      "ftp://h/x", "http://h?x", "h:443"})
    EXPECT_EQ(parse_target("h", target).error(), Errc::malformed) << target;
  EXPECT_EQ(parse_target("h", std::string("/a\0b", 4)).error(), Errc::malformed);
  EXPECT_EQ(parse_target("h", '/' + std::string(kTargetBytesMax, 'a')).error(), Errc::too_large);
}

// Sixty spellings that some server, proxy or framework takes for another of them. Each must be passed through or have a
// key of its own: then whatever the upstream makes of it concerns that spelling only.
constexpr std::string_view kDeceptions[] = {
    "/repos/o/r/pulls",
    "/repos/o/r/pulls/",
    "/repos/o/r/pulls//",
    "/repos/o/r//pulls",
    "//repos/o/r/pulls",
    "/repos//o/r/pulls",
    "/repos/o/r/./pulls",
    "/./repos/o/r/pulls",
    "/repos/o/r/x/../pulls",
    "/../repos/o/r/pulls",
    "/repos/o/r/pulls/..",
    "/repos/o/r/pulls/.",
    "/repos/o/r/pulls/x/..",
    "/repos/o/r/%2e/pulls",
    "/repos/o/r/%2E/pulls",
    "/repos/o/r/x/%2e%2e/pulls",
    "/repos/o/r/x/.%2e/pulls",
    "/repos/o/r%2Fpulls",
    "/repos/o/r%2fpulls",
    "/repos/o%2Fr/pulls",
    "/repos/o/r/%70ulls",
    "/repos/o/r/pull%73",
    "/%72epos/o/r/pulls",
    "/repos/%6f/r/pulls",
    "/repos/o/r/pulls;",
    "/repos/o/r/pulls;a=b",
    "/repos/o/r;a=b/pulls",
    "/repos/o/r/;/pulls",
    "/repos/o/r/pulls.json",
    "/repos/o/r/pulls.css",
    "/repos/o/r/pulls/a.css",
    "/repos/o/r/pulls%00",
    "/repos/o/r/pulls%00.css",
    "/repos/o/r/pulls%0a",
    "/repos/o/r/pulls%0d%0a",
    "/repos/o/r/pulls%20",
    "/repos/o/r/pulls%3F",
    "/repos/o/r/pulls%3Fa=b",
    "/repos/o/r/pulls%23",
    "/repos/o/r/pulls%25",
    "/repos/o/r/pulls%2525",
    "/repos/o/r/pulls%",
    "/repos/o/r/pulls%2",
    "/repos/o/r/pulls%zz",
    "/repos/o/r\\pulls",
    "/repos/o/r/pulls\\",
    "/repos/o/r/x\\..\\pulls",
    "/repos/o/r%5Cpulls",
    "/repos/o/r/%c0%ae/pulls",
    "/repos/o/r/%ef%bc%8fpulls",
    "/repos/o/r/PULLS",
    "/REPOS/o/r/pulls",
    "/repos/o/r/pulls?",
    "/repos/o/r/pulls??",
    "/repos/o/r/pulls?page=2&page=1",
    "/repos/o/r/pulls?_method=DELETE",
    "/repos/o/r/pulls?page=2;page=1",
    "/repos/o/r/pulls?p%61ge=2",
    "/repos/o/r/pulls&page=2",
    "/repos/o/r/pulls?callback=x",
};

TEST(Key, SixtyDeceptionsStayApartOrPassThrough) {
  EXPECT_EQ(std::size(kDeceptions), 60u);
  std::map<std::string, std::string_view> seen;
  int kept_count = 0;
  for (std::string_view target : kDeceptions) {
    const KeyedRequest keyed = key({.target = std::string(target)});
    EXPECT_EQ(keyed.upstream_target, target);  // byte for byte, kept or not
    if (keyed.bypass != Bypass::none) continue;
    ++kept_count;
    const auto [place, is_new] = seen.emplace(keyed.text, target);
    EXPECT_TRUE(is_new) << target << " = " << place->second;
    EXPECT_NE(keyed.text.find(target.substr(0, target.find('?'))), std::string::npos) << target;
  }
  EXPECT_GT(kept_count, 15);  // it is not safe merely because nothing is kept
}

TEST(Key, DeceptionsDoNotReachASecretRouteByAnotherName) {
  for (auto target :
       {"/repos/o/r/x/../actions/runners/registration-token", "/repos/o/r//hooks", "/%72ate_limit",
        "/repos/o/r/%68ooks", "/repos/o/r/actions/runs/1/./logs", "/repos/o/r/contents/../hooks",
        "/repos/o/r/contents/%2e%2e/hooks", "/repos/o/r\\hooks"})
    EXPECT_EQ(bypass({.target = target}), "route") << target;
}

TEST(Key, HonestEncodingIsKept) {
  for (auto target : {"/repos/o/r/branches/feature%2Fx", "/repos/o/r/contents/a%20b.txt",
                      "/repos/o/r/contents/a.b/..c", "/repos/o/r/labels/good%20first%20issue",
                      "/repos/o/r/contents/%C3%A9", "/repos/o/.github/contents/...",
                      "/repos/o/r/compare/v1...v2"})
    EXPECT_EQ(bypass({.target = target}), "none") << target;
}

}  // namespace
}  // namespace ghmesh::github
