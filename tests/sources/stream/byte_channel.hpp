#pragma once

#include <weft/reactor/tcp.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace weft::test
{

/// How a peer sends and receives, whatever its connection is made of.
struct ByteChannel
{
    /// All of it. Somebody who has gone is seen by the next receive.
    std::function<void(std::string_view)> send;
    /// At least one byte; nothing when the other side has ended, or has gone.
    std::function<std::string()> receive;
};

/// Of a connection, which outlives it.
ByteChannel channelOf(TcpStream& stream);

} // namespace weft::test
