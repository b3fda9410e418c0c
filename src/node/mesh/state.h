// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a MeshNode is made of. Private to the room.
//
// Host and member belong to the mesh's thread. What serving threads touch too stands under the ledger's lock, which
// nobody holds for longer than a look into a table: each of their requests takes it.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <thread>
#include <unordered_map>

#include "mesh/member/member.h"
#include "net/event.h"
#include "net/p2p/driver.h"
#include "node/mesh/mesh_files.h"
#include "node/mesh/mesh_node.h"

namespace ghmesh::node {

namespace asio = net::asio;

// Credentials whose tags are remembered, and statements that were made into entries: a lookup costs a MAC otherwise.
inline constexpr std::size_t kTagsMax = 4'096;
inline constexpr std::size_t kEntriesMadeMax = 8'192;
// Bodies that those entries keep alive, beyond what the ledger holds.
inline constexpr std::size_t kEntriesMadeBytesMax = 64 * 1024 * 1024;
// A claim that was to be proven and was not within this is forgotten: what GitHub says later says nothing of it.
inline constexpr Seconds kClaimAgeMax{60};
// A budget is told so often at most, but for the news that it is used up.
inline constexpr Duration kBudgetInterval = 1s;
// A Date is cut to the second, and its answer was under way: less than this is no difference.
inline constexpr Seconds kClockNoise{3};

struct PendingTurn {
  net::Event settled;
  mesh::LeaseId lease = 0;  // of the mesh's thread
  mesh::LeaseSettled::Word word = mesh::LeaseSettled::Word::go;
};
// Sets an event at the latest when the last copy of a command that holds it is gone.
template <class Pending>
class Promise {
 public:
  explicit Promise(std::shared_ptr<Pending> pending) : pending_(std::move(pending)) {}
  Promise(const Promise&) = delete;
  Promise& operator=(const Promise&) = delete;
  ~Promise() {
    if (!is_kept_) settle();
  }
  // Somebody else sets it.
  std::shared_ptr<Pending> hand_over() {
    is_kept_ = true;
    return pending_;
  }
  Pending& operator*() { return *pending_; }

 private:
  void settle() {
    if constexpr (requires { pending_->settled; }) pending_->settled.set();
    else pending_->set();
  }
  const std::shared_ptr<Pending> pending_;
  bool is_kept_ = false;
};
template <class Pending>
std::shared_ptr<Promise<Pending>> promise(std::shared_ptr<Pending> pending) {
  return std::make_shared<Promise<Pending>>(std::move(pending));
}
struct PendingPing {
  net::Event settled;
  Result<Duration> outcome = Error(Errc::timed_out);
};
using PendingBody = net::Event;

struct PendingRecall {
  net::Event settled;
  std::string name;
  Instant deadline{};
  bool was_found = false;
};
// Values that are missed at once. Beyond, they are misses: whoever has so many asks GitHub for them anyway.
inline constexpr std::size_t kRecallsMax = 256;
// The addresses of whom we met are on disk so soon, for whoever leads after us.
inline constexpr Duration kPeersSaveDelay = 500ms;

// What a member said, and this node is to ask GitHub about.
struct PendingClaim {
  mesh::Claim claim;
  WallTime claimed_at{};
  WallTime noted_at{};
  bool is_taken = false;  // somebody is asking
};

struct MeshNode::State : std::enable_shared_from_this<MeshNode::State> {
  State(const MeshOptions& options, std::function<mesh::NodeFigures()> figures);
  ~State();

  // --- any thread ---
  // The time as GitHub has it, by the last answer that was more than kClockNoise away from our own: what members say is
  // ordered by GitHub's dates, and a node whose clock is wrong must still tell the future from the past.
  Now clocks() const;
  void note_date(const http::Headers& headers, WallTime now);
  std::shared_ptr<const mesh::SwarmKeys> names();
  mesh::KeyAndTag name(const proxy::Subject& subject);
  mesh::PrincipalTag tag_of(const proxy::Caller& caller);  // under the lock, as all below
  bool is_known(const mesh::KeyAndTag& name, const cache::Entry& entry) const;
  void remember(const cache::EntryRef& entry, const mesh::Statement& statement,
                const mesh::KeyAndTag& asked_as, bool is_taken, WallTime now);
  bool wants_audit(const cache::EntryRef& served, const mesh::Statement& statement,
                   const mesh::KeyAndTag& asked_as, WallTime now);
  cache::EntryRef find_made(const mesh::KeyAndTag& name, const crypto::Digest& body_digest,
                            WallTime current_at) const;
  void note_made(const mesh::KeyAndTag& name, const cache::EntryRef& entry);
  void use_names(const mesh::SwarmKeys& keys);
  // A look that is under way; the lock is let go of while an entry is made.
  struct Look {
    const mesh::KeyAndTag name;
    const proxy::Subject& subject;
    const cache::EntryRef& own;
    const WallTime now, upstream_now;  // by our clock, and by GitHub's
    std::unique_lock<std::mutex> lock;
  };
  cache::EntryRef find_renewed(Look& look);
  bool find_servable(Look& look, proxy::Word& word);
  void find_candidate(Look& look, proxy::Word& word);
  // Without it: they compute digests of whole bodies.
  cache::EntryRef make_entry(const mesh::Statement& statement, const proxy::Subject& subject,
                             WallTime now) const;
  cache::EntryRef renewed(const cache::Entry& own, WallTime current_at,
                          const proxy::Subject& subject, WallTime now) const;
  // Runs it on the mesh's thread. After stop() it is destroyed instead: whatever somebody waits for must be settled by
  // its end.
  template <class Command>
  void command(Command do_it) {
    auto run = [self = shared_from_this(), do_it = std::move(do_it)]() mutable {
      if (self->is_stopped) return;
      do_it(*self, self->clocks());
      self->settle();
    };
    // Between the two no thread stops: what is posted is run.
    const std::lock_guard lock(posting);
    if (!is_deaf) asio::post(context, std::move(run));
  }

  // --- the mesh's thread ---
  void listen(const MeshOptions& options);
  void handle(const host::Event& event);
  void settle();  // carries out what member and host want, and sets the timer
  void drain_member();
  void handle(const mesh::MemberEvent& event);
  void end_recall(const mesh::RecallEnded& ended);
  void tick_recalls(Now now);
  void save_peers();
  void give_up();  // nobody waits any more
  // An exception on the mesh's thread is a bug. The daemon goes on without its swarm.
  void fail(const std::exception& reason);
  void tick();
  void arm();
  net::awaitable<void> keep_time();
  void stop();
  void save();
  Bytes write_ledger(mesh::Ledger::Closing closing) const;
  void exchange_directory();
  MeshStatus status(Now now);

  const mesh::Trust trust;
  const std::string version;
  const std::string upstream_origin;
  const std::function<mesh::NodeFigures()> figures;
  const SharedStore shared;
  MeshFiles files;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  keys::PrivateKey identity;

  mesh::Ledger ledger;
  mesh::Keyring first_keyring;
  host::Host host;
  mesh::Member member;

  // Under the ledger's lock.
  std::shared_ptr<const mesh::SwarmKeys> names_now;          // of the newest secret
  std::unordered_map<std::string, mesh::PrincipalTag> tags;  // by the principal's id
  std::map<mesh::KeyAndTag, cache::EntryRef> made;           // from statements that may be served
  std::size_t made_bytes = 0;
  // What was offered for proof, and is not answered yet.
  std::map<std::pair<mesh::KeyAndTag, crypto::Digest>, PendingClaim> claims;
  Random random;  // of audits
  std::map<std::pair<mesh::PrincipalTag, std::string>, Instant> budgets_told;
  std::atomic<Seconds> ahead{Seconds(0)};  // GitHub's clock before ours

  // The mesh's thread's.
  net::Driver driver;
  asio::steady_timer timer;
  Instant armed_for = Instant::max();
  Instant next_save{}, next_directory_look{}, next_ping{};
  Instant next_peers_save = Instant::max();
  std::map<mesh::LeaseId, std::shared_ptr<PendingTurn>> turns;
  std::map<mesh::BodyId, std::shared_ptr<PendingBody>> bodies;
  std::multimap<multiformats::PeerId, std::shared_ptr<PendingPing>> pings;
  std::map<mesh::RecallId, std::shared_ptr<PendingRecall>> recalls;
  std::vector<std::string> addresses;
  std::atomic<std::size_t> members_count{0};
  bool is_stopped = false;
  std::mutex posting;    // of is_deaf, and held for no longer than a post
  bool is_deaf = false;  // no command is taken any more
  std::thread thread;
};

}  // namespace ghmesh::node
