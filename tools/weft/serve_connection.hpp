#pragma once

#include <weft/reactor/tcp.hpp>

#include "replay_rate.hpp"
#include "replay_stream.hpp"
#include "serve_report.hpp"

#include <cstddef>

namespace weft::tools
{

/// Sends the stream at the given rate, ends the connection and closes it. No call takes more than
/// `sendBytesMax`. Returns when the peer has taken everything or is gone, or the fiber has been
/// asked to stop; how it went is in the account. Suspends.
ServedConnection serveConnection(TcpStream connection, const ReplayStream& stream, ReplayRate rate,
                                 std::size_t sendBytesMax);

} // namespace weft::tools
