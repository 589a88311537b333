#pragma once

#include "peer_status.hpp"

#include <string>

namespace weft::mesh
{

/// A line for each peer and, if there were any, one for connections that were refused.
std::string toText(const NodeStatus& status);

/// The same for programs: one object on one line. `final`: the node has ended, and what was in its
/// outboxes has been counted as dropped.
std::string toJson(const NodeStatus& status, bool final);

} // namespace weft::mesh
