#pragma once

#include <weft/sources/stream/tls_settings.hpp>
#include <weft/timers/clock.hpp>

#include <boost/asio/ssl/context.hpp>

#include <memory>

namespace weft
{

/// What connections with the same settings share: certificates, the key, the rules.
using TlsContext = boost::asio::ssl::context;

/// Reads the files on a thread of the offload pool, unless somebody has the context of the same
/// files, as old as they are now, already. Throws SourceError. Suspends.
std::shared_ptr<TlsContext> tlsContext(const TlsSettings& settings, Deadline deadline);

} // namespace weft
