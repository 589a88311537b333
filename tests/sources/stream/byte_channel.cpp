#include "tests/sources/stream/byte_channel.hpp"

#include <array>
#include <span>

namespace weft::test
{

ByteChannel channelOf(TcpStream& stream)
{
    return {.send =
                [&stream](std::string_view bytes)
            {
                (void)stream.sendAll(std::as_bytes(std::span(bytes)));
            },
            .receive =
                [&stream]
            {
                std::array<std::byte, 16384> buffer;
                const auto received = stream.receive(buffer).value_or(0);
                return std::string(reinterpret_cast<const char*>(buffer.data()), received);
            }};
}

} // namespace weft::test
