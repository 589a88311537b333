#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

namespace weft::test
{

/// The queues of a TCP socket in the kernel, in bytes.
struct KernelQueues
{
    std::uint64_t unacknowledged = 0; // sent or to be sent, and not known to have arrived
    std::uint64_t unread = 0;         // arrived
};

enum class SocketEnd : std::uint8_t
{
    Client,
    Server
};

/// Of one end of the connection to a server on loopback (IPv4); nothing while none to the port is
/// established. From /proc/net/tcp (proc(5)), whose addresses and queues are hexadecimal.
inline std::optional<KernelQueues> kernelQueues(SocketEnd end, std::uint16_t serverPort)
{
    std::ifstream table("/proc/net/tcp");
    std::string line;
    std::getline(table, line); // the headings
    while (std::getline(table, line))
    {
        std::istringstream fields(line);
        std::string slot;
        std::string local;
        std::string remote;
        std::string state;
        std::string queues;
        fields >> slot >> local >> remote >> state >> queues;
        constexpr auto Established = "01";
        const auto& server = end == SocketEnd::Client ? remote : local;
        const auto port = std::stoul(server.substr(server.find(':') + 1), nullptr, 16);
        if (state == Established && port == serverPort)
        {
            return KernelQueues{.unacknowledged = std::stoull(queues, nullptr, 16),
                                .unread =
                                    std::stoull(queues.substr(queues.find(':') + 1), nullptr, 16)};
        }
    }
    return std::nullopt;
}

/// Bytes that have come in for the client of a server and that it has not read.
inline std::optional<std::uint64_t> unreadBytes(std::uint16_t serverPort)
{
    return kernelQueues(SocketEnd::Client, serverPort)
        .transform(
            [](const KernelQueues& queues)
            {
                return queues.unread;
            });
}

/// Returns when the client of the server has read all that was sent to it: call it on the server's
/// side, after the send has returned. What was sent may still be on its way then.
inline void awaitAllRead(std::uint16_t serverPort)
{
    while (kernelQueues(SocketEnd::Server, serverPort).value_or(KernelQueues{}).unacknowledged != 0)
    {
        std::this_thread::yield();
    }
    while (unreadBytes(serverPort) != 0)
    {
        std::this_thread::yield();
    }
}

} // namespace weft::test
