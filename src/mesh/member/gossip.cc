// SPDX-License-Identifier: Apache-2.0 OR MIT
// What is told to everybody, and what everybody tells.
#include "libp2p/gossipsub/signed_message.h"
#include "mesh/ledger/conflict.h"
#include "mesh/member/state.h"

namespace ghmesh::mesh {
namespace {

using gossipsub::Verdict;

// What a reason to disbelieve says of the one who brought it: what cannot come from an honest member costs it trust.
Verdict verdict_of(const Error& reason) {
  return reason == Errc::mesh_false_body || reason == Errc::malformed ? Verdict::reject
                                                                      : Verdict::ignore;
}

Result<void> no_value(const Result<Heard>& heard) {
  if (!heard) return heard.error();
  return {};
}

}  // namespace

void Member::State::handle_message(const gossipsub::Delivered& message, Now now) {
  const Verdict verdict = judge(message, now);
  if (message.needs_verdict) host.gossip()->report(message.id, verdict, now.instant);
}

Verdict Member::State::judge(const gossipsub::Delivered& message, Now now) {
  const EpochKeys* keys = keyring.find(message.topic);
  if (!keys) return Verdict::ignore;
  const SealContext context{
      .place = message.topic, .sender = message.author.bytes(), .seqno = message.seqno};
  auto plain = open_sealed(keys->entry_key, context, message.data);
  if (!plain) {
    ++counters.unsealed;
    return Verdict::reject;
  }
  auto announcement = parse_announcement(*plain);
  if (!announcement) {
    ++counters.malformed;
    // Of a newer version, perhaps: not for us, and nobody's fault.
    return announcement.error() == Errc::unsupported ? Verdict::ignore : Verdict::reject;
  }
  ++counters.heard;
  // As it was signed, without the RPC around it: that is what convinces others.
  const ByteView raw = gossipsub::message_in(*message.rpc).value_or(ByteView());
  const auto hear = [&] {
    const auto lock = ledger.lock();
    return ledger.hear({.author = message.author, .seqno = message.seqno, .raw = raw},
                       *announcement, now.wall);
  };
  const Result<Heard> heard = hear();
  if (!heard) {
    follow_ledger(now);
    return verdict_of(heard.error());
  }
  if (*heard == Heard::accused)
    return judge_conflict(message.author, std::get<Conflict>(*announcement), now);
  if (auto* shared = std::get_if<Shared>(&*announcement))
    return take_shared(message.author, std::move(*shared), now);
  if (auto* presence = std::get_if<Presence>(&*announcement))
    take_presence(message.author, std::move(*presence), now);
  note_heard(*announcement, now);
  follow_ledger(now);
  return Verdict::accept;
}

// Somebody shows that a third one has said two things. The proof speaks for itself.
Verdict Member::State::judge_conflict(const PeerId& accuser, const Conflict& conflict, Now now) {
  auto liar = open_conflict(conflict, keyring);
  // Of an epoch or a secret that this member cannot read: it says nothing, and nothing of its bearer either.
  if (!liar && liar.error() == Errc::not_found) return Verdict::ignore;
  {
    const auto lock = ledger.lock();
    if (liar) ledger.expel(*liar, Errc::mesh_contradiction, now.wall);
    else ledger.note_false_accusation(accuser, now.wall);
  }
  follow_ledger(now);
  return liar ? Verdict::accept : Verdict::reject;
}

// Whoever waits for word of this key has it now.
void Member::State::note_heard(const Announcement& announcement, Now now) {
  const auto note = [&](const KeyId& key) {
    answer_waiting(key, now);
    table.answered(key, now.instant);
  };
  if (const auto* fetched = std::get_if<Fetched>(&announcement)) note(fetched->key);
  if (const auto* valid = std::get_if<Valid>(&announcement)) note(valid->key);
  if (const auto* gone = std::get_if<Gone>(&announcement)) note(gone->key);
  drain_table(now);
}

void Member::State::take_presence(const PeerId& author, Presence presence, Now now) {
  if (author == host.self()) return;
  roster.learn(author, presence.addresses, now.wall, now.instant);
  if (presences.size() >= kPresencesMax && !presences.contains(author)) {
    // The one that has been silent longest.
    const auto oldest = std::ranges::min_element(
        presences, {}, [](const auto& entry) { return entry.second.said_at; });
    presences.erase(oldest);
  }
  presence.said_at = now.wall;  // when we heard it: their clock is not ours
  presences[author] = std::move(presence);
}

// What the ledger wants said and done: a proof of somebody's contradiction goes to everybody.
void Member::State::follow_ledger(Now now) {
  const auto next_event = [this] {
    const auto lock = ledger.lock();
    return ledger.next_event();
  };
  while (auto event = next_event()) {
    if (const auto* expelled = std::get_if<Ledger::Expelled>(&*event)) expel(expelled->author, now);
    auto* conflict = std::get_if<Conflict>(&*event);
    if (!conflict) continue;
    // An accusation that nobody can read any more would fall back on us.
    const bool is_readable = open_conflict(*conflict, keyring).has_value();
    if (!is_readable || !publish(Announcement(std::move(*conflict)), now)) ++counters.untold;
  }
}

// Into our own ledger; `announcement` is as it may be said then.
Result<void> Member::State::keep_own(Announcement& announcement, Now now) {
  const auto lock = ledger.lock();
  auto* fetched = std::get_if<Fetched>(&announcement);
  if (!fetched) return no_value(ledger.hear_own(announcement, now.wall));
  const auto may_say = [&] {
    return ledger.may_say({.key = fetched->key, .tag = fetched->tag}, fetched->upstream_date,
                          fetched->body_digest);
  };
  // What changed within a second counts as the next one's: dates have no finer grain.
  if (!may_say()) fetched->upstream_date += Seconds(1);
  if (!may_say()) return Errc::mesh_contradiction;
  Fetched without_body = *fetched;
  without_body.body = nullptr;  // nobody need be shown that it has this digest
  return no_value(ledger.hear_own(std::move(without_body), now.wall));
}

Result<void> Member::State::tell(Announcement announcement, Now now) {
  auto kept = keep_own(announcement, now);
  if (!kept) return kept.error();
  if (const auto* fetched = std::get_if<Fetched>(&announcement))
    shelf.put(fetched->body_digest, fetched->body);
  note_heard(announcement, now);
  auto published = publish(announcement, now);
  if (!published) ++counters.untold;
  return published;
}

Result<void> Member::State::publish(const Announcement& announcement, Now now) {
  auto plain = write_announcement(announcement);
  if (!plain) return plain.error();
  const EpochKeys& keys = keyring.announce_keys();
  auto sealed = sealer.seal(
      keys.entry_key,
      {.place = keys.topic, .sender = host.self().bytes(), .seqno = host.gossip()->next_seqno()},
      *plain);
  if (!sealed) return sealed.error();
  auto published = host.publish(keys.topic, *sealed, now.instant);
  if (!published) return published.error();
  ++counters.told;
  return {};
}

void Member::State::tick_presence(Now now) {
  if (now.instant < next_presence) return;
  // Within a quarter of it, so that a swarm that booted at once does not speak at once for ever.
  next_presence = now.instant + kPresenceInterval -
                  Duration(random.below(static_cast<std::uint64_t>(kPresenceInterval.count() / 4)));
  const Presence presence{.said_at = now.wall, .addresses = addresses, .figures = figures};
  if (!publish(presence, now)) ++counters.untold;
}

}  // namespace ghmesh::mesh
