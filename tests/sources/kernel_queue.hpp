#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

namespace weft::test
{

/// Bytes that have come in for the IPv4 client of a server on loopback and that it has not read;
/// nothing while no connection to the port is established. From /proc/net/tcp (proc(5)), whose
/// addresses and queues are hexadecimal.
inline std::optional<std::uint64_t> unreadBytes(std::uint16_t serverPort)
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
        const auto remotePort = std::stoul(remote.substr(remote.find(':') + 1), nullptr, 16);
        if (state == Established && remotePort == serverPort)
        {
            return std::stoull(queues.substr(queues.find(':') + 1), nullptr, 16);
        }
    }
    return std::nullopt;
}

/// Returns when the client of the server has read all that was sent to it: call it on the server's
/// side, after the send has returned.
inline void awaitAllRead(std::uint16_t serverPort)
{
    while (unreadBytes(serverPort) != 0)
    {
        std::this_thread::yield();
    }
}

} // namespace weft::test
