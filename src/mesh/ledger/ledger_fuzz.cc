// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any sequence of what members can say, of questions, proofs and restarts: limits hold, and nothing is served that is
// disputed by its own digest, too old, or of somebody who was expelled. Four bytes of the input are one step.
#include <cstdint>

#include "base/check.h"
#include "mesh/ledger/test_ledger.h"

using namespace ghmesh;
using namespace ghmesh::mesh;

namespace {

constexpr LedgerOptions kOptions{.bytes_max = 32 * 1024, .authors_max = 4, .marks_max = 6};

class Run {
 public:
  void step(const std::uint8_t* input) {
    const KeyAndTag what = subject(input[1] & 7, input[1] >> 6);
    const std::int64_t date = now_ + (input[2] & 127) - 64;
    const int author = input[3] & 7;
    const std::string body((input[3] >> 4) * std::size_t{300} + 1,
                           static_cast<char>(input[3] >> 3));
    switch (input[0] & 15) {
      case 0: now_ += input[1]; break;
      case 1: now_ -= input[1] & 15; break;
      case 2: hear(author, gone(what, date)); break;
      case 3: hear(author, stale({what.key, key(input[2] & 7)}, date)); break;
      case 4: hear(author, budget(1, input[2], date)); break;
      case 5: own(fetched(what, date, body)); break;
      case 6: own(valid(what, date, body)); break;
      case 7: relay(author, fetched(what, date, body)); break;
      case 8: prove(what, static_cast<Proof>(input[2] % 3)); break;
      case 9: ledger_->note_unchanged(what, at(date), at(now_)); break;
      case 10: restart(); break;
      case 11: ledger_->expel(peer(author), Errc::mesh_contradiction, at(now_)); break;
      case 12: hear(author, valid(what, date, body)); break;
      case 13: apart(author, fetched(what, date, body), body); break;
      default: hear(author, fetched(what, date, body));
    }
    check(what);
  }

 private:
  void hear(int author, Announcement said) {
    members_.seqnos[peer(author)] += author == 7 ? 0 : 1;
    static_cast<void>(members_.say(*ledger_, author, std::move(said), now_));
  }
  void own(const Announcement& said) { static_cast<void>(ledger_->hear_own(said, at(now_))); }
  void relay(int author, const Announcement& said) {
    static_cast<void>(ledger_->hear_relayed(peer(author), said, at(now_)));
  }
  void apart(int author, Fetched said, const std::string& body) {
    const KeyAndTag what{.key = said.key, .tag = said.tag};
    said.body = nullptr;
    hear(author, said);
    static_cast<void>(ledger_->keep_body(what, http::make_body(body)));
  }
  void prove(const KeyAndTag& what, Proof proof) {
    const Statement* offered = ledger_->candidate(what);
    if (offered != nullptr)
      ledger_->note_proof(Ledger::claim_of(*offered), what.tag, proof, at(now_));
  }
  void restart() {
    const Bytes file = ledger_->save(Ledger::Closing::yes, at(now_));
    auto next = std::make_unique<Ledger>(kSelf, kOptions);
    GHMESH_CHECK(next->load(file, at(now_)).has_value());
    GHMESH_CHECK(next->save(Ledger::Closing::yes, at(now_)) == file);
    ledger_ = std::move(next);
  }

  void check(const KeyAndTag& what) {
    GHMESH_CHECK(ledger_->bytes() <= kOptions.bytes_max);
    GHMESH_CHECK(ledger_->authors(at(now_)).size() <= kOptions.authors_max);
    GHMESH_CHECK(ledger_->hot({what.tag}, 10, at(now_)).size() <= 10);
    const Statement* statement = ledger_->servable(what, at(now_));
    if (statement != nullptr) {
      GHMESH_CHECK(statement->subject() == what && !statement->is_own);
      GHMESH_CHECK(!ledger_->is_expelled(statement->author, at(now_)));
      GHMESH_CHECK(!ledger_->is_expelled(statement->vouched_by, at(now_)));
      GHMESH_CHECK(statement->fresh_until > at(now_));
      GHMESH_CHECK(statement->fresh_until <= statement->current_at + Seconds(60));
      if (statement->said.body)
        GHMESH_CHECK(digest_of(*statement->said.body) == statement->said.body_digest);
      const auto since = ledger_->current_since(what, statement->said.body_digest);
      GHMESH_CHECK(since == statement->current_at);
      ledger_->note_served(*statement, random_, at(now_));
    }
    while (ledger_->next_event()) continue;
  }

  std::unique_ptr<Ledger> ledger_ = std::make_unique<Ledger>(kSelf, kOptions);
  Members members_;
  Random random_{1};
  std::int64_t now_ = 1'000;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run run;
  for (std::size_t i = 0; i + 4 <= size && i < 4 * 256; i += 4) run.step(data + i);
  return 0;
}
