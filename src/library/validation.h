// SPDX-License-Identifier: Apache-2.0 OR MIT
// Validation fields: what of an answer tells whether it has changed, as the Python predecessor chooses it.
//
//   family         operation                       fields
//   repositories   list_repos..., get_repo_info    updatedAt pushedAt
//   issues         ...issue...                     state updatedAt comments
//   pulls          ...pull..., ...pr...            state updatedAt mergeable reviews
//   comments       ...comment...                   updatedAt bodyLength
//   commits        ...commit...                    sha date
//   releases       ...release...                   tagName publishedAt
//   workflows      ...workflow...                  status conclusion updatedAt
//   runners        ...runner...                    status busy
//   branches       ...branch...                    name protected sha
//   tags           ...tag...                       name sha
//   deployments    ...deployment...                id state updatedAt
//   checks         ...check..., ...status...       status conclusion completedAt
//
// The first row that fits; of a list, the fields of each member under its name or number. "copilot_..." has none.
#pragma once

#include <string>
#include <string_view>

namespace ghmesh::library {

// Canonical JSON (canonical_json.h); empty: none.
std::string validation_fields_of(std::string_view operation, std::string_view data);
// CIDv1, raw, sha2-256, base32, of the canonical form of `json`; empty: it is not JSON.
std::string validation_cid_of(std::string_view json);
std::string cid_of_canonical(std::string_view canonical);

}  // namespace ghmesh::library
