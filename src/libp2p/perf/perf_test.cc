// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/text.h"
#include "libp2p/perf/client.h"
#include "libp2p/perf/filler.h"
#include "libp2p/perf/server.h"
#include "libp2p/stream/wire.h"

namespace ghmesh::perf {
namespace {

const Instant kStart = Instant(1h);

TEST(Perf, CarriesWhatWasAskedForBothWaysInPiecesOfAnySize) {
  for (std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{100'000}}) {
    for (const Request request :
         {Request{}, Request{.upload_bytes = 1}, Request{.download_bytes = 1},
          Request{.upload_bytes = 70'000, .download_bytes = 140'000}}) {
      Client client(request, kStart);
      Server server({}, kStart);
      stream::Wire wire(client, server);
      ASSERT_TRUE(wire.settle(piece, kStart + 1s));
      EXPECT_TRUE(client.is_done() && server.is_done() && wire.has_finished_both_ways());
      EXPECT_EQ(server.uploaded_bytes(), request.upload_bytes);
      EXPECT_EQ(wire.bytes_carried(),
                kRequestBytes + request.upload_bytes + request.download_bytes);
    }
  }
}

TEST(Perf, SaysHowLongEitherWayTook) {
  Client client({.upload_bytes = 10, .download_bytes = 20}, kStart);
  client.output_sent(kRequestBytes, kStart + 1s);
  client.output_sent(10, kStart + 2s);
  EXPECT_TRUE(client.wants_finish());
  ASSERT_TRUE(client.receive(Bytes(20), kStart + 4s));
  ASSERT_TRUE(client.peer_finished(kStart + 5s));
  EXPECT_EQ(client.upload_time(), 2s);
  EXPECT_EQ(client.download_time(), 3s);
}

TEST(Perf, TheServerSendsNothingBeforeTheUploadHasEnded) {
  Server server({}, kStart);
  ASSERT_TRUE(server.receive(*parse_hex("0000000000000005aabb"), kStart));
  EXPECT_TRUE(server.pending_output().empty());
  EXPECT_FALSE(server.wants_finish());
  ASSERT_TRUE(server.peer_finished(kStart));
  EXPECT_EQ(server.pending_output().size(), 5u);
}

TEST(Perf, ARequestThatIsCutIsAnError) {
  const Bytes request(kRequestBytes);
  for (std::size_t size = 0; size < kRequestBytes; ++size) {
    Server server({}, kStart);
    ASSERT_TRUE(server.receive(ByteView(request).first(size), kStart));
    EXPECT_EQ(server.peer_finished(kStart).error(), Errc::perf_malformed);
  }
}

Client waiting_client(std::uint64_t download_bytes) {
  Client client({.download_bytes = download_bytes}, kStart);
  client.output_sent(kRequestBytes, kStart);
  return client;
}

TEST(Perf, ADownloadThatIsShorterOrLongerIsAnError) {
  for (std::size_t size = 0; size < 20; ++size) {
    Client client = waiting_client(20);
    ASSERT_TRUE(client.receive(Bytes(size), kStart));
    EXPECT_EQ(client.peer_finished(kStart).error(), Errc::perf_malformed);
  }
  Client longer = waiting_client(20);
  EXPECT_EQ(longer.receive(Bytes(21), kStart).error(), Errc::perf_malformed);
}

TEST(Perf, ADownloadBeforeTheUploadHasEndedIsAnError) {
  Client client({.upload_bytes = 1, .download_bytes = 20}, kStart);
  client.output_sent(kRequestBytes, kStart);
  EXPECT_EQ(client.receive(Bytes(20), kStart).error(), Errc::perf_malformed);
}

TEST(Perf, ASilentPeerTimesOutAndABusyOneDoesNot) {
  Server server({}, kStart);
  for (int second = 0; second < 100; second += 9) {
    ASSERT_TRUE(server.tick(kStart + second * 1s));
    ASSERT_TRUE(server.receive(Bytes(8), kStart + second * 1s));
  }
  EXPECT_EQ(server.tick(kStart + 99s + kStallDeadline).error(), Errc::timed_out);
  Client client({}, kStart);
  EXPECT_EQ(client.tick(kStart + kStallDeadline).error(), Errc::timed_out);
}

TEST(PerfAttack, ARequestAboveTheLimitIsRefusedBeforeAByteIsSent) {
  for (std::string_view request : {"ffffffffffffffff", "0000000400000001"}) {
    Server server({}, kStart);
    EXPECT_EQ(server.receive(*parse_hex(request), kStart).error(), Errc::perf_too_large);
  }
  Server allowed({}, kStart);
  EXPECT_TRUE(allowed.receive(*parse_hex("0000000400000000"), kStart));
}

TEST(PerfAttack, AnUploadAboveTheLimitIsRefused) {
  Server server({.upload_bytes_max = 1000}, kStart);
  ASSERT_TRUE(server.receive(Bytes(1008), kStart));
  EXPECT_EQ(server.receive(Bytes(1), kStart).error(), Errc::perf_too_large);
}

TEST(PerfAttack, NothingIsHeldForADownload) {
  Server server({}, kStart);
  ASSERT_TRUE(server.receive(*parse_hex("0000000400000000"), kStart));
  ASSERT_TRUE(server.peer_finished(kStart));
  EXPECT_EQ(server.pending_output().size(), kFillerBytesMax);
  EXPECT_EQ(server.pending_output().data(), filler(1).data());
  EXPECT_LT(sizeof(Server), 128u);
}

// The example of docs/wire/perf.md.
TEST(Perf, SpeaksTheBytesOfItsDocument) {
  std::ifstream file("docs/wire/perf.md");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  Client client({.upload_bytes = 3, .download_bytes = 5}, kStart);
  const std::string request = hex(client.pending_output());
  client.output_sent(kRequestBytes, kStart);
  EXPECT_NE(document.find("-> " + request + " "), std::string::npos);
  EXPECT_NE(document.find("-> " + hex(client.pending_output()) + " "), std::string::npos);

  Server server({}, kStart);
  ASSERT_TRUE(server.receive(*parse_hex(request + "000000"), kStart));
  ASSERT_TRUE(server.peer_finished(kStart));
  EXPECT_NE(document.find("<- " + hex(server.pending_output()) + " "), std::string::npos);
}

}  // namespace
}  // namespace ghmesh::perf
