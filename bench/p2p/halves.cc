// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "halves.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

#include "base/text.h"
#include "measure.h"

namespace ghmesh::bench {

Halves::Halves() {
  int down[2], up[2];
  if (::pipe(down) != 0 || ::pipe(up) != 0) _exit(1);
  child_ = ::fork();
  if (is_child()) prctl(PR_SET_PDEATHSIG, SIGKILL);
  pin_to(is_child() ? 1 : 0);
  in_ = is_child() ? down[0] : up[0];
  out_ = is_child() ? up[1] : down[1];
  ::close(is_child() ? down[1] : up[1]);
}

void Halves::send(const std::string& line) const {
  const std::string text = line + "\n";
  if (::write(out_, text.data(), text.size()) < 0) _exit(1);
}

std::string Halves::receive() const {
  std::string line;
  for (char c = 0; ::read(in_, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

void Halves::send_values(const std::vector<double>& values) const {
  std::ostringstream line;
  line.precision(17);
  for (const double value : values) line << value << ' ';
  send(line.str());
}

std::vector<double> Halves::receive_values() const {
  std::istringstream line(receive());
  std::vector<double> values;
  for (double value = 0; line >> value;) values.push_back(value);
  return values;
}

std::vector<std::string> Halves::all_addresses(const std::vector<std::string>& ours) const {
  for (const std::string& address : ours) send(address);
  std::vector<std::string> theirs;
  while (theirs.size() < ours.size()) theirs.push_back(receive());
  std::vector<std::string> all = is_child() ? theirs : ours;
  const std::vector<std::string>& last = is_child() ? ours : theirs;
  all.insert(all.end(), last.begin(), last.end());
  return all;
}

Instant Halves::agree_on(Duration from_now) const {
  if (is_child()) return Instant(Duration(static_cast<std::int64_t>(*parse_decimal(receive()))));
  const Instant when = MonotonicClock::now() + from_now;
  send(std::to_string(when.time_since_epoch().count()));
  return when;
}

void Halves::end_child() const { _exit(0); }
void Halves::wait_for_child() const { ::waitpid(child_, nullptr, 0); }

}  // namespace ghmesh::bench
