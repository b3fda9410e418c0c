// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "admin_client.h"

#include <boost/json.hpp>

#include "base/text.h"
#include "command.h"

namespace ghmesh::app {

std::string ask_admin(const std::string& address, ClientRequest request) {
  request.host = address.starts_with('/') ? "localhost" : address;
  auto answer = ask(address, request, kAdminAnswerBytesMax);
  if (!answer) {
    if (answer.error().category() == boost::system::system_category())
      throw_unreachable(address, answer.error());
    throw CommandError("the daemon's answer is not complete: " + answer.error().message());
  }
  if (answer->response.status != 200) {
    // The daemon's refusals are {"message": ...}.
    boost::json::error_code error;
    const auto refusal = boost::json::parse(answer->body, error);
    const auto* message = error ? nullptr : refusal.find_pointer("/message", error);
    if (message && message->is_string())
      throw CommandError(std::string(std::string_view(message->get_string())));
    throw CommandError("the daemon answers " + answer->response.status_line + ": " +
                       std::string(trim(answer->body)));
  }
  return std::move(answer->body);
}

}  // namespace ghmesh::app
