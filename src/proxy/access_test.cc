// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/access.h"

#include <gtest/gtest.h>

namespace ghmesh::proxy {
namespace {

using net::Door;

AccessRules rules() {
  return {
      "https://api.github.com",
      {"github.com", "*.github.com", "*.githubusercontent.com", "ghe.example=http://127.0.0.1:9"},
      {"127.0.0.1:8418", "localhost:8418"}};
}

http::RequestHead request(std::string_view host,
                          std::initializer_list<http::FieldView> fields = {}) {
  http::RequestHead head;
  head.method = "GET";
  head.target = "/";
  head.host = host;
  for (const auto& field : fields) head.fields[head.fields_count++] = field;
  return head;
}

TEST(Access, TcpServesItsOwnNamesOnly) {
  const AccessRules access = rules();
  EXPECT_TRUE(access.check(request("127.0.0.1:8418"), Door::tcp));
  EXPECT_TRUE(access.check(request("LOCALHOST:8418"), Door::tcp));
  for (std::string_view host : {"127.0.0.1", "127.0.0.1:80", "evil.example:8418", "api.github.com",
                                "localhost:8418.evil", "localhost.:8418", ""}) {
    auto checked = access.check(request(host), Door::tcp);
    ASSERT_FALSE(checked) << host;
    EXPECT_EQ(checked.error(), Errc::http_misdirected) << host;
  }
}

TEST(Access, TcpRefusesWhatComesFromAWebPage) {
  const AccessRules access = rules();
  for (std::string_view site : {"cross-site", "same-site", "same-origin", "anything"}) {
    auto checked = access.check(request("localhost:8418", {{"Sec-Fetch-Site", site}}), Door::tcp);
    ASSERT_FALSE(checked) << site;
    EXPECT_EQ(checked.error(), Errc::http_forbidden_origin);
  }
  for (std::string_view origin : {"https://evil.example", "null", "http://localhost:8418", ""})
    EXPECT_FALSE(access.check(request("localhost:8418", {{"Origin", origin}}), Door::tcp))
        << origin;
  EXPECT_TRUE(access.check(request("localhost:8418", {{"Sec-Fetch-Site", "none"}}), Door::tcp));
}

TEST(Access, TheSocketSendsEachHostToItsPlace) {
  const AccessRules access = rules();
  const auto api = access.upstream_of("api.github.com", Door::unix_socket);
  ASSERT_TRUE(api);
  EXPECT_TRUE(api->is_api);
  EXPECT_TRUE(api->takes_credentials);
  const auto raw = access.upstream_of("RAW.githubusercontent.com:443", Door::unix_socket);
  ASSERT_TRUE(raw);
  EXPECT_EQ(raw->origin, "https://raw.githubusercontent.com");
  EXPECT_FALSE(raw->is_api);
  EXPECT_FALSE(raw->takes_credentials);
  EXPECT_TRUE(access.upstream_of("uploads.github.com", Door::unix_socket)->takes_credentials);
  EXPECT_EQ(access.upstream_of("ghe.example", Door::unix_socket)->origin, "http://127.0.0.1:9");
}

TEST(Access, TheSocketIsNoOpenProxy) {
  const AccessRules access = rules();
  for (std::string_view host : {"evil.example", "githubusercontent.com", "notgithub.com",
                                "github.com.evil.example", "127.0.0.1", "[::1]", "169.254.169.254",
                                "", ".github.com", "api.github.com@evil.example"}) {
    const auto found = access.upstream_of(host, Door::unix_socket);
    ASSERT_FALSE(found) << host;
    EXPECT_EQ(found.error(), Errc::http_misdirected) << host;
  }
}

TEST(Access, TcpReachesNothingButTheApi) {
  const auto found = rules().upstream_of("raw.githubusercontent.com", Door::tcp);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->origin, "https://api.github.com");
}

TEST(Access, UploadsGoToTheirOwnHostAtGithubCom) {
  EXPECT_EQ(rules().uploads_host()->origin, "https://uploads.github.com");
  EXPECT_EQ(AccessRules("https://ghe.example", {}, {}).uploads_host()->origin,
            "https://ghe.example");
  EXPECT_FALSE(AccessRules("https://api.github.com", {}, {}).uploads_host());
}

TEST(Access, NamesAreTakenApart) {
  EXPECT_EQ(host_without_port("Example.com:8080"), "example.com");
  EXPECT_EQ(host_without_port("[::1]:80"), "[::1]");
  EXPECT_EQ(host_without_port("[::1]"), "[::1]");
  EXPECT_EQ(authority_of("https://host:1/path"), "host:1");
  EXPECT_EQ(authority_of("http://host"), "host");
}

}  // namespace
}  // namespace ghmesh::proxy
