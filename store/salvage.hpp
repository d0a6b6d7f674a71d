// store/salvage.hpp: copies what passes its checks from a damaged queue file and its WAL into a new file.
// Not here: finding rows in pages (page_scan.hpp, page_source.hpp), and which file is then which (quarantine.hpp).
//
// SQLite isn't asked: it stops at the first page that contradicts itself, and for a damaged tree there would have to be a second
// way anyway. Instead every page that looks like a leaf is read, whatever leads to it. Each row is believed by its checksum
// alone, and by how far its page is up to date:
//   - A segment that can be decoded and isn't finished is taken as it is, from any page but a freed one.
//   - A segment of the inbox, or a dead letter, only from a page that is up to date: one that was handled must not come again.
//   - An audit entry from any page but a freed one; a memory only from a page that is up to date.
//   - Of records the furthest is right, wherever it is found; a text is right wherever it is found (log.hpp).
// Memory: the texts, one row, and 24 bytes for each page in the WAL. The rows are sorted by the new file's own tree.
#pragma once

#include <optional>
#include <string>

#include "store/files.hpp"
#include "store/log.hpp"
#include "store/tuning.hpp"

namespace store {

/// `report`: why, and what the damaged file will be called; it is completed, and kept in the new file. `known`: what was known of
/// the queue in memory, which is better than any record. The new file is durable when this succeeds; its name is not.
/// Requires: `to` doesn't exist. Only reads `from`.
result<void> salvage(files& in, const std::string& from, const std::string& to, const tuning& with,
                     const std::optional<contents>& known, damage report);

}  // namespace store
