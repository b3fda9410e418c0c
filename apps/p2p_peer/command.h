// SPDX-License-Identifier: Apache-2.0 OR MIT
// The fields of a command and of an answer.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "libp2p/identify/receiver.h"

namespace ghmesh::p2p_peer {

namespace json = boost::json;

inline constexpr int kTopicsCount = 16;  // "ghmesh-interop-0" and so on

std::string text_of(const json::object& command, std::string_view field);
std::int64_t number_of(const json::object& command, std::string_view field, std::int64_t otherwise);
bool flag_of(const json::object& command, std::string_view field, bool otherwise);
json::object refusal(const Error& error);
json::object describe(const identify::PeerInfo& info);

}  // namespace ghmesh::p2p_peer
