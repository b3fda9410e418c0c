// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/address_scope.h"

#include <gtest/gtest.h>

namespace ghmesh::multiformats {
namespace {

Multiaddr address(std::string_view text) { return *Multiaddr::parse_text(text); }
Scope scope(std::string_view text) { return scope_of(address(text)); }

TEST(AddressScope, KnowsThisMachine) {
  EXPECT_EQ(scope("/ip4/127.0.0.1/tcp/1"), Scope::loopback);
  EXPECT_EQ(scope("/ip4/127.255.255.254/tcp/1"), Scope::loopback);
  EXPECT_EQ(scope("/ip6/::1/tcp/1"), Scope::loopback);
}

TEST(AddressScope, KnowsThisNetwork) {
  for (std::string_view ip : {"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255",
                              "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255"})
    EXPECT_EQ(scope("/ip4/" + std::string(ip) + "/tcp/1"), Scope::local) << ip;
  EXPECT_EQ(scope("/ip6/fe80::1/tcp/1"), Scope::local);
  EXPECT_EQ(scope("/ip6zone/eth0/ip6/fe80::1/tcp/1"), Scope::local);
  EXPECT_EQ(scope("/ip6/fd12::1/tcp/1"), Scope::local);
}

TEST(AddressScope, EverythingElseWithANumberIsGlobal) {
  for (std::string_view ip :
       {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "128.0.0.0", "172.15.0.1",
        "172.32.0.1", "192.169.0.1", "203.0.113.7", "223.255.255.255"})
    EXPECT_EQ(scope("/ip4/" + std::string(ip) + "/tcp/1"), Scope::global) << ip;
  EXPECT_EQ(scope("/ip6/2001:db8::1/tcp/1"), Scope::global);
}

TEST(AddressScope, NobodyLivesAtUnspecifiedMulticastOrReservedAddresses) {
  for (std::string_view text :
       {"/ip4/0.0.0.0/tcp/1", "/ip4/224.0.0.251/tcp/1", "/ip4/255.255.255.255/tcp/1",
        "/ip6/::/tcp/1", "/ip6/ff02::fb/tcp/1", "/ip6/4000::1/tcp/1", "/dns4/localhost/tcp/1",
        "/memory/7", "/"})
    EXPECT_EQ(scope(text), Scope::none) << text;
}

TEST(AddressScope, AnAddressWithinAnAddressCountsAsItself) {
  EXPECT_EQ(scope("/ip6/::ffff:127.0.0.1/tcp/1"), Scope::loopback);
  EXPECT_EQ(scope("/ip6/::ffff:8.8.8.8/tcp/1"), Scope::global);
  EXPECT_EQ(scope("/ip6/64:ff9b::10.0.0.1/tcp/1"), Scope::local);
  EXPECT_EQ(scope("/ip6/2002:c0a8:101::1/tcp/1"), Scope::local);  // 192.168.1.1
}

}  // namespace
}  // namespace ghmesh::multiformats
