// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "swarm_input.h"

#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "command.h"
#include "node/secret_input.h"

namespace ghmesh::app {
namespace {

// While one lives, a terminal does not show what is typed.
class Hidden {
 public:
  Hidden() {
    tcgetattr(STDIN_FILENO, &before_);
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden.c_lflag |= ICANON | ECHONL;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
  ~Hidden() { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }

 private:
  termios before_{};
};

void write_error(std::string_view text) {
  // Nothing can be done when not even this can be written.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

// A terminal gives one line for one read(2).
crypto::Secret read_hidden_line(std::size_t bytes_max, std::string_view prompt) {
  const Hidden hidden;  // first: whoever sees the prompt may type
  write_error(prompt);
  ssize_t got = 0;
  const crypto::Secret buffer = crypto::Secret::filled(bytes_max + 1, [&](MutableByteView out) {
    do got = read(STDIN_FILENO, out.data(), out.size());
    while (got < 0 && errno == EINTR);
  });
  if (got <= 0) throw CommandError("nothing was typed", kExitCancelled);
  return crypto::Secret(buffer.reveal().first(static_cast<std::size_t>(got)));
}

bool looks_like_a_secret(std::string_view text) {
  return starts_with_ignoring_case(text, "ghs1-") || starts_with_ignoring_case(text, "ghr1-");
}

}  // namespace

crypto::Secret read_secret(const std::string& source, std::size_t bytes_max,
                           std::string_view prompt) {
  if (looks_like_a_secret(source))
    throw CommandError(
        "a secret is no argument: everybody on this machine can read those. Write it into a file "
        "or "
        "to standard input; and if others use this machine, take a new one");
  if (!source.empty() && source != "-")
    return node::read_secret_file(source, bytes_max, node::Privacy::ours_alone);
  if (isatty(STDIN_FILENO)) return read_hidden_line(bytes_max, prompt);
  return node::read_secret_stream(STDIN_FILENO, bytes_max, "standard input");
}

void print_secret(const crypto::Secret& secret) {
  struct stat status {};
  if (fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode) &&
      (status.st_mode & 077) != 0 && fchmod(STDOUT_FILENO, status.st_mode & 0700) != 0)
    throw CommandError("others can read the file that the secret would go to");
  print(as_text(secret.reveal()));
  print("\n");
}

void hint(const std::string& text) { write_error(text + "\n"); }

}  // namespace ghmesh::app
