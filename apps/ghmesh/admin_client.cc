// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "admin_client.h"

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
  if (answer->response.status != 200)
    throw CommandError("the daemon answers " + answer->response.status_line + ": " +
                       std::string(trim(answer->body)));
  return std::move(answer->body);
}

}  // namespace ghmesh::app
