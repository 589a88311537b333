#include <weft/sources/printable_text.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_registry.hpp>
#include <weft/sources/unix_listen/unix_listen_source.hpp>

#include <fmt/format.h>

#include <utility>

#include <sys/socket.h>

WEFT_REGISTER_SOURCE(unix_listen, weft::UnixListenSource)

namespace weft
{

namespace
{

/// "process 4711 of user 1000": a client has no address of its own, as a rule.
std::string peerOf(const UnixSocket& socket)
{
    ucred credentials = {};
    socklen_t size = sizeof(credentials);
    ::getsockopt(socket.descriptor(), SOL_SOCKET, SO_PEERCRED, &credentials, &size);
    return fmt::format("process {} of user {}", credentials.pid, credentials.uid);
}

class UnixConnection final : public Source
{
public:
    UnixConnection(const UnixListener& ownListener, const UnixOptions& options)
        : listener(ownListener),
          receiver(options)
    {
    }

    void open() override
    {
        auto accepted = listener.accept();
        if (!accepted)
        {
            throw SourceError(accepted.error(), "accept a connection on " + receiver.name());
        }
        peer = peerOf(*accepted);
        receiver.begin(std::move(*accepted));
    }

    FillStatus fillBuffer(Fill& fill) override
    {
        return receiver.fillBuffer(fill);
    }

    void close() override
    {
        receiver.close();
    }

    std::string describe() const override
    {
        return peer;
    }

private:
    const UnixListener& listener;
    UnixReceiver receiver;
    std::string peer;
};

} // namespace

std::vector<ParameterDefinition> UnixListenSource::parameters()
{
    auto definitions = UnixOptions::parameters();
    for (auto& definition : ConnectionLimits::parameters())
    {
        definitions.push_back(std::move(definition));
    }
    return definitions;
}

UnixListenSource::UnixListenSource(const SourceDescriptor& descriptor)
    : options(descriptor),
      connectionLimits(ConnectionLimits::from(descriptor))
{
}

void UnixListenSource::open()
{
    auto listening = UnixListener::listen(options.address, options.kind, connectionLimits.backlog);
    if (!listening)
    {
        throw SourceError(listening.error(),
                          fmt::format("listen on {}", printable(options.address.toString())));
    }
    listener = std::move(*listening);
}

void UnixListenSource::close()
{
    if (const auto closed = listener.close(); !closed)
    {
        throw SourceError(closed.error(), fmt::format("stop listening on {}",
                                                      printable(options.address.toString())));
    }
}

std::string UnixListenSource::describe() const
{
    return fmt::format("listening on {}", printable(options.address.toString()));
}

std::unique_ptr<Source> UnixListenSource::nextConnection()
{
    return std::make_unique<UnixConnection>(listener, options);
}

} // namespace weft
