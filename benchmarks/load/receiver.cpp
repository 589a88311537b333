#include "receiver.hpp"

#include "process_usage.hpp"
#include "system_calls.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system.hpp>
#include <unistd.h>

namespace weft::bench
{

namespace
{

sockaddr_in addressOf(const RunBoard& board, std::size_t source)
{
    const auto listener = listenerOf(board.plan, source);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(listener));
    address.sin_port = htons(board.ports[listener]);
    return address;
}

} // namespace

void ReceiverContext::ready()
{
    memoryBefore.store(privateMemoryBytes());
    if (onReady)
    {
        onReady();
    }
}

void ReceiverContext::finished()
{
    if (onFinished)
    {
        onFinished();
    }
}

std::string ReceiverContext::host(std::size_t source) const
{
    return fmt::format("127.0.0.{}", 1 + listenerOf(board.plan, source));
}

std::uint16_t ReceiverContext::port(std::size_t source) const
{
    return board.ports[listenerOf(board.plan, source)];
}

std::string ReceiverContext::path(std::size_t source) const
{
    return fmt::format("{}/{}", board.plan.directory, source);
}

std::vector<int> ReceiverContext::connectAll() const
{
    std::vector<int> sockets;
    sockets.reserve(plan().sources());
    for (std::size_t source = 0; source < plan().sources(); ++source)
    {
        const int socket = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        const auto address = addressOf(board, source);
        checked(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
                "connect");
        sockets.push_back(socket);
    }
    return sockets;
}

std::vector<int> ReceiverContext::openAll() const
{
    std::vector<int> files;
    for (std::size_t source = 0; source < plan().sources(); ++source)
    {
        files.push_back(checked(::open(path(source).c_str(), O_RDONLY | O_CLOEXEC), "open"));
    }
    return files;
}

void ReceiverContext::setCounter(std::function<CallCounts()> counter)
{
    const std::lock_guard lock(mutex);
    ownCounter = std::move(counter);
}

CallCounts ReceiverContext::calls() const
{
    const std::lock_guard lock(mutex);
    auto counts = ownCounter ? ownCounter() : CallCounts{};
    counts.systemCalls += libraryCalls() + ringCalls.load(std::memory_order_relaxed);
    return counts;
}

} // namespace weft::bench
