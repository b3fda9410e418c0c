// SPDX-License-Identifier: Apache-2.0 OR MIT
// Where the processes of one cache directory meet: a lock that whoever leads them holds, the socket where it lets the
// others in, and the files of the mesh that belong to this directory.
//
// They lie in the state directory, which is this user's alone, and are named after both directories: two cache
// directories are two nodes, with two identities, and two users of one directory never meet.
#pragma once

#include <string>

namespace ghmesh::node {

struct LeadPlace {
  std::string lock;    // a file; empty, and stays
  std::string socket;  // short enough for sockaddr_un
  std::string
      mesh_state;  // a directory: of a library's mesh. A daemon's lies in the state directory itself
};

// Both must exist; an empty cache directory is memory, of a state directory that nobody else has. The names of one
// directory are one, whichever link leads there.
LeadPlace lead_place_of(const std::string& state_dir, const std::string& cache_dir);

}  // namespace ghmesh::node
