#include <weft/sources/source_error.hpp>
#include <weft/sources/source_registry.hpp>
#include <weft/sources/unix/unix_source.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <utility>

WEFT_REGISTER_SOURCE(unix, weft::UnixSource)

namespace weft
{

std::vector<ParameterDefinition> UnixSource::parameters()
{
    auto definitions = UnixOptions::parameters();
    definitions.push_back(
        {.name = "connect_timeout",
         .type = ParameterType::Duration,
         .defaultValue = "10s",
         .help = "give up when connecting takes longer: the server's queue is full",
         .least = 1'000'000});
    for (auto& definition : reconnectParameters())
    {
        definitions.push_back(std::move(definition));
    }
    return definitions;
}

UnixSource::UnixSource(const SourceDescriptor& descriptor)
    : options(descriptor),
      connectTimeout(descriptor.duration("connect_timeout")),
      receiver(options)
{
}

void UnixSource::open()
{
    auto connected = UnixSocket::connect(options.address, options.kind, io::after(connectTimeout));
    if (!connected && connected.error() == std::errc::no_such_file_or_directory)
    {
        // What a server that is away is on a Unix socket: it may come back, and make its file.
        throw SourceError(errnoError(ECONNREFUSED),
                          fmt::format("connect to {}, which is not there", receiver.name()));
    }
    if (!connected)
    {
        throw SourceError(connected.error(), fmt::format("connect to {}", receiver.name()));
    }
    receiver.begin(std::move(*connected));
}

FillStatus UnixSource::fillBuffer(Fill& fill)
{
    return receiver.fillBuffer(fill);
}

void UnixSource::close()
{
    receiver.close();
}

std::string UnixSource::describe() const
{
    return receiver.name();
}

} // namespace weft
