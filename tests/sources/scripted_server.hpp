#pragma once

#include <weft/reactor/tcp.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/socket.h>

namespace weft::test
{

/// A TCP server on a plain thread, on loopback: each connection is given to a script, one after the
/// other. Ends with the test.
class ScriptedServer
{
public:
    using Script = std::function<void(TcpStream&)>;

    explicit ScriptedServer(Script connectionScript, int backlog = 128)
        : script(std::move(connectionScript)),
          listener(TcpListener::listen(*SocketAddress::parse("127.0.0.1", 0), backlog).value()),
          thread(
              [this]
              {
                  serve();
              })
    {
    }

    ~ScriptedServer()
    {
        // Ends the accept that waits.
        ::shutdown(listener.descriptor(), SHUT_RDWR);
        thread.join();
    }

    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    std::uint16_t port() const
    {
        return listener.localAddress().port();
    }

private:
    void serve()
    {
        while (auto stream = listener.accept())
        {
            script(*stream);
        }
    }

    Script script;
    TcpListener listener;
    std::thread thread;
};

inline void sendText(TcpStream& stream, std::string_view text)
{
    stream.sendAll(std::as_bytes(std::span(text))).value();
}

/// Closes the connection so that the peer sees a reset (RFC 9293, 3.10.4: SO_LINGER of zero).
inline void reset(TcpStream& stream)
{
    const linger atOnce = {.l_onoff = 1, .l_linger = 0};
    ::setsockopt(stream.descriptor(), SOL_SOCKET, SO_LINGER, &atOnce, sizeof(atOnce));
    stream = TcpStream();
}

/// Returns when the peer has closed its side.
inline void awaitPeerClose(TcpStream& stream)
{
    std::array<std::byte, 64> ignored;
    while (stream.receive(ignored).value_or(0) > 0)
    {
    }
}

} // namespace weft::test
