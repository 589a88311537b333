#include "generator.hpp"

#include "process_setup.hpp"
#include "run_board.hpp"
#include "wire_format.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <system_error>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <system.hpp>
#include <unistd.h>

namespace weft::bench
{

namespace
{

struct Flooded
{
    int socket = -1;
    std::uint64_t sentBytes = 0;
};

struct Slow
{
    int socket = -1;
    std::uint64_t nextNumber = 0;
};

struct Generation
{
    RunBoard* board = nullptr;
    std::vector<int> listeners;
    std::vector<Flooded> flooded;
    std::vector<Slow> slow;
    int epoll = -1;
    std::vector<Block> burst;
    GeneratorReport report;
};

void pause()
{
    ::usleep(500);
}

/// `index` chooses the address, so that no address runs out of ports.
int listenOnLoopback(std::size_t index, std::uint16_t& port)
{
    constexpr int Backlog = 4096;
    const int listener =
        checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(index));
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    checked(::bind(listener, generic, size), "bind");
    checked(::listen(listener, Backlog), "listen");
    checked(::getsockname(listener, generic, &size), "getsockname");
    port = ntohs(address.sin_port);
    return listener;
}

void listenToAll(Generation& state)
{
    const auto& plan = state.board->plan;
    const std::size_t count = plan.sources() == 0 ? 0 : listenerOf(plan, plan.sources() - 1) + 1;
    if (count > RunBoard::ListenersMax)
    {
        throw std::system_error(E2BIG, std::generic_category(), "listen for so many sources");
    }
    for (std::size_t index = 0; index < count; ++index)
    {
        state.listeners.push_back(listenOnLoopback(index, state.board->ports[index]));
    }
    state.board->listening.store(true);
}

void take(Generation& state, bool flood, int connection)
{
    if (flood)
    {
        state.flooded.push_back({.socket = connection});
        epoll_event event{};
        event.events = EPOLLOUT;
        event.data.u64 = state.flooded.size() - 1;
        checked(::epoll_ctl(state.epoll, EPOLL_CTL_ADD, connection, &event), "epoll_ctl");
        return;
    }
    const int yes = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    state.slow.push_back({.socket = connection});
}

void acceptAll(Generation& state)
{
    constexpr int PollTimeoutMs = 1000;
    const auto& plan = state.board->plan;
    const std::size_t floodListeners =
        plan.floodSources == 0 ? 0 : listenerOf(plan, plan.floodSources - 1) + 1;
    std::vector<pollfd> entries;
    for (const int listener : state.listeners)
    {
        entries.push_back({.fd = listener, .events = POLLIN, .revents = 0});
    }
    while (state.flooded.size() + state.slow.size() < plan.sources())
    {
        ::poll(entries.data(), entries.size(), PollTimeoutMs);
        for (std::size_t index = 0; index < entries.size(); ++index)
        {
            const int connection =
                ::accept4(state.listeners[index], nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (connection >= 0)
            {
                take(state, index < floodListeners, connection);
                state.board->connected.fetch_add(1);
            }
            else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            {
                checked(connection, "accept4");
            }
        }
    }
}

/// What could not be sent at once of a message that has begun.
void sendRest(int socket, const char* bytes, std::size_t count)
{
    while (count > 0)
    {
        pollfd entry{.fd = socket, .events = POLLOUT, .revents = 0};
        ::poll(&entry, 1, -1);
        const auto sent = ::send(socket, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN)
        {
            checked(-1, "send the rest of a message");
        }
        const auto advance = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
        bytes += advance;
        count -= advance;
    }
}

void sendMessage(Slow& slow, std::int64_t dueNs, bool measured, GeneratorReport& report)
{
    Message message;
    message.number = slow.nextNumber;
    message.sentNs = nowNs();
    const auto* const bytes = reinterpret_cast<const char*>(&message);
    const auto sent = ::send(slow.socket, bytes, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN)
    {
        report.messagesRefused += measured ? 1 : 0;
        return;
    }
    checked(static_cast<int>(sent), "send a message");
    sendRest(slow.socket, bytes + sent, sizeof(message) - static_cast<std::size_t>(sent));
    ++slow.nextNumber;
    ++report.messagesEver;
    if (measured)
    {
        const auto lateNs = message.sentNs - dueNs;
        ++report.messages;
        report.messagesLate += lateNs > GeneratorReport::LateNs ? 1 : 0;
        report.totalLateNs += lateNs;
        report.worstLateNs = std::max(report.worstLateNs, lateNs);
    }
}

void floodOne(Generation& state, Flooded& flooded, std::size_t bytesMost)
{
    const auto skip = flooded.sentBytes % Block::SizeBytes;
    auto number = flooded.sentBytes / Block::SizeBytes;
    for (auto& block : state.burst)
    {
        block.number = number++;
    }
    const auto* const bytes = reinterpret_cast<const char*>(state.burst.data()) + skip;
    const auto sent = ::send(flooded.socket, bytes, bytesMost, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0)
    {
        flooded.sentBytes += static_cast<std::size_t>(sent);
        state.report.floodBytesEver += static_cast<std::size_t>(sent);
    }
    else if (errno != EAGAIN)
    {
        checked(-1, "send a flood");
    }
}

/// To all that have room, once. Waits for room at most so long.
void flood(Generation& state, std::int64_t timeoutNs, std::size_t bytesMost)
{
    constexpr int EventsMost = 64;
    epoll_event events[EventsMost];
    if (timeoutNs > 0) // epoll_wait counts in milliseconds
    {
        const timespec timeout{.tv_sec = 0, .tv_nsec = timeoutNs};
        pollfd entry{.fd = state.epoll, .events = POLLIN, .revents = 0};
        ::ppoll(&entry, 1, &timeout, nullptr);
    }
    const int count = ::epoll_wait(state.epoll, events, EventsMost, 0);
    for (int index = 0; index < count; ++index)
    {
        floodOne(state, state.flooded[events[index].data.u64], bytesMost);
    }
}

/// The process's CPU time at both ends of the window.
struct CpuOfWindow
{
    std::int64_t beginNs = -1;
    std::int64_t endNs = -1;
};

void noteCpu(CpuOfWindow& cpu, std::int64_t timeNs, std::int64_t beginNs, std::int64_t endNs)
{
    if (cpu.beginNs < 0 && timeNs >= beginNs)
    {
        cpu.beginNs = processCpuNs();
    }
    if (cpu.endNs < 0 && timeNs >= endNs)
    {
        cpu.endNs = processCpuNs();
    }
}

void sendUntilEnd(Generation& state)
{
    // Meanwhile the receiver reads its memory figures, with its sources still there.
    constexpr std::int64_t AfterWindowNs = 200'000'000;
    constexpr std::size_t BurstAloneBytes = 64 << 10;
    constexpr std::size_t BurstBesideTimetableBytes = 16 << 10; // so that messages are on time
    constexpr std::int64_t PatienceNs = 10'000'000;
    const auto beginNs = state.board->windowBeginNs.load();
    const auto endNs = state.board->windowEndNs.load();
    const bool timetable = !state.slow.empty() && state.board->plan.messagesPerSecond > 0;
    const bool waitsActively = timetable && !state.board->plan.generatorSleeps;
    const double intervalNs = 1e9 / state.board->plan.messagesPerSecond;
    const auto startNs = nowNs();
    std::uint64_t turn = 0;
    auto dueNs = startNs;
    CpuOfWindow cpu;
    for (auto timeNs = startNs; timeNs < endNs + AfterWindowNs; timeNs = nowNs())
    {
        noteCpu(cpu, timeNs, beginNs, endNs);
        if (timetable && dueNs <= timeNs)
        {
            sendMessage(state.slow[turn % state.slow.size()], dueNs,
                        timeNs >= beginNs && timeNs < endNs, state.report);
            ++turn;
            dueNs = startNs + static_cast<std::int64_t>(static_cast<double>(turn) * intervalNs);
        }
        else if (!state.flooded.empty())
        {
            const auto patienceNs = timetable ? std::min(PatienceNs, dueNs - timeNs) : PatienceNs;
            flood(state, waitsActively ? 0 : patienceNs,
                  timetable ? BurstBesideTimetableBytes : BurstAloneBytes);
        }
        else if (!waitsActively)
        {
            sleepUntilNs(timetable ? std::min(timeNs + PatienceNs, dueNs) : timeNs + PatienceNs);
        }
    }
    state.report.cpuNs = cpu.endNs - cpu.beginNs;
}

} // namespace

void generate(RunBoard& board)
{
    constexpr std::size_t BurstBlocks = 17; // 64 KiB that need not begin with a block
    Generation state;
    state.board = &board;
    state.burst.resize(BurstBlocks);
    state.epoll = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    pinTo(board.plan.generatorCpu);
    listenToAll(state);
    acceptAll(state);
    while (board.windowEndNs.load() == 0)
    {
        pause();
    }
    sendUntilEnd(state);
    for (const auto& flooded : state.flooded)
    {
        ::shutdown(flooded.socket, SHUT_WR);
    }
    for (const auto& slow : state.slow)
    {
        ::shutdown(slow.socket, SHUT_WR);
    }
    board.generator = state.report;
    while (!board.generatorMayExit.load())
    {
        pause();
    }
}

} // namespace weft::bench
