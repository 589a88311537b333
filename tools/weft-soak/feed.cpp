#include "feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weft::soak
{

namespace
{

constexpr std::chrono::milliseconds RetryInterval{5};
constexpr std::size_t BurstBytesMax = 256 << 10;

int checked(int result, const char* call)
{
    if (result < 0)
    {
        throw std::system_error(errno, std::generic_category(),
                                fmt::format("the soak's own server: {}", call));
    }
    return result;
}

/// Each source has an address of its own. So its port stays its own while nobody listens there: no
/// other socket of this machine is bound to that address.
std::string hostOf(std::uint32_t source)
{
    const auto process = static_cast<unsigned>(::getpid()) % 100 + 100;
    return fmt::format("127.{}.{}.{}", process, source / 250 % 250 + 1, source % 250 + 1);
}

} // namespace

PeerCounts& PeerCounts::operator+=(const PeerCounts& other) noexcept
{
    connections += other.connections;
    bytes += other.bytes;
    closes += other.closes;
    halfCloses += other.halfCloses;
    resets += other.resets;
    resetsAtOnce += other.resetsAtOnce;
    stalls += other.stalls;
    refusals += other.refusals;
    smallWrites += other.smallWrites;
    fullPipes += other.fullPipes;
    return *this;
}

Feed::Feed(std::uint64_t feedKey, int epollDescriptor, std::uint64_t soakSeed, LifePlan lifePlan,
           std::filesystem::path fifoPath)
    : key(feedKey),
      epoll(epollDescriptor),
      seed(soakSeed),
      plan(std::move(lifePlan)),
      path(std::move(fifoPath)),
      hostText(hostOf(plan.id.source))
{
    const auto& first = plan.connections.front();
    nextDue = Clock::now() + first.refusedFor;
    if (plan.transport == Transport::Fifo)
    {
        return;
    }
    address = *SocketAddress::parse(hostText, 0);
    bindListener();
    if (first.refusedFor.count() > 0)
    {
        ++account.counts.refusals;
        listener.reset();
        return;
    }
    listen();
}

void Feed::bindListener()
{
    listener.reset(
        checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket"));
    const int yes = 1;
    ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    checked(::bind(listener.get(), address.data(), address.size()), "bind");
    auto size = SocketAddress::capacity();
    checked(::getsockname(listener.get(), address.data(), &size), "getsockname");
    address.setSize(size);
}

void Feed::listen()
{
    constexpr int Backlog = 16;
    checked(::listen(listener.get(), Backlog), "listen");
    epoll_event event{.events = EPOLLIN, .data = {.u64 = key << TagBits | ListenerTag}};
    checked(::epoll_ctl(epoll, EPOLL_CTL_ADD, listener.get(), &event), "epoll_ctl");
    nextDue = NoDeadline;
}

void Feed::take(std::uint64_t tag, std::uint32_t events)
{
    if (tag == ListenerTag)
    {
        if (listener)
        {
            acceptConnection();
        }
        return;
    }
    if (!connection || tag != account.connections.size())
    {
        return;
    }
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
    {
        readerLeft();
    }
    else if ((events & EPOLLOUT) != 0)
    {
        sendSome();
    }
}

void Feed::step()
{
    nextDue = NoDeadline;
    if (connection)
    {
        sendSome();
    }
    else if (plan.transport == Transport::Fifo)
    {
        openFifo();
    }
    else if (!listener)
    {
        bindListener();
        listen();
    }
}

/// A pipe can be opened for writing when its reader is there.
void Feed::openFifo()
{
    OwnedDescriptor opened(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    if (!opened)
    {
        nextDue = Clock::now() + RetryInterval;
        return;
    }
    begin(std::move(opened));
}

void Feed::acceptConnection()
{
    OwnedDescriptor accepted(
        ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!accepted)
    {
        return; // it has gone already
    }
    if (connection)
    {
        readerLeft();
    }
    const auto index = account.connections.size();
    if (index > 0 && account.connections.back().outcome != ConnectionOutcome::Reset)
    {
        account.complaint =
            fmt::format("expected: connects again only after a reset; found: connection {} after "
                        "connection {}, which had not been reset",
                        index, index - 1);
    }
    if (index >= plan.connections.size())
    {
        return;
    }
    const int yes = 1;
    ::setsockopt(accepted.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    begin(std::move(accepted));
}

void Feed::begin(OwnedDescriptor accepted)
{
    connection = std::move(accepted);
    stream.emplace(seed, plan, static_cast<std::uint32_t>(account.connections.size()));
    account.connections.emplace_back();
    ++account.counts.connections;
    stalled = false;
    watchedEvents = EPOLLRDHUP;
    epoll_event event{.events = watchedEvents,
                      .data = {.u64 = key << TagBits | account.connections.size()}};
    checked(::epoll_ctl(epoll, EPOLL_CTL_ADD, connection.get(), &event), "epoll_ctl");
    nextDue = Clock::now();
}

bool Feed::stallIsDue() const noexcept
{
    return !stalled && planned().stallFor.count() > 0 &&
           stream->offsetBytes() >= planned().stallAtBytes;
}

/// Sends until the plan says to wait, the connection takes no more, or others must have their turn.
void Feed::sendSome()
{
    if (account.connections.back().outcome != ConnectionOutcome::Open)
    {
        return; // half-closed: silence follows
    }
    auto budgetBytes = BurstBytesMax;
    nextDue = Clock::now();
    while (connection && nextDue != NoDeadline && budgetBytes > 0)
    {
        if (stallIsDue())
        {
            stalled = true;
            ++account.counts.stalls;
            nextDue = Clock::now() + planned().stallFor;
            return;
        }
        if (stream->rest().empty())
        {
            finishSending();
            return;
        }
        sendOnce(budgetBytes);
        if (connection && nextDue != NoDeadline && planned().writePause.count() > 0)
        {
            nextDue = Clock::now() + planned().writePause;
            return;
        }
    }
}

void Feed::sendOnce(std::size_t& budgetBytes)
{
    constexpr std::size_t SmallBytes = 64;
    auto bytes = stream->rest();
    auto sizeBytes = std::min<std::size_t>(bytes.size(), planned().writeBytesMax);
    if (planned().stallFor.count() > 0 && !stalled)
    {
        sizeBytes =
            std::min<std::uint64_t>(sizeBytes, planned().stallAtBytes - stream->offsetBytes());
    }
    const auto sent = plan.transport == Transport::Fifo
                          ? ::write(connection.get(), bytes.data(), sizeBytes)
                          : ::send(connection.get(), bytes.data(), sizeBytes, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN)
    {
        ++account.counts.fullPipes;
        waitFor(EPOLLOUT | EPOLLRDHUP);
        nextDue = NoDeadline;
        return;
    }
    if (sent < 0)
    {
        readerLeft(); // EPIPE, ECONNRESET
        return;
    }
    waitFor(EPOLLRDHUP);
    const auto sentBytes = static_cast<std::size_t>(sent);
    stream->advance(sentBytes);
    account.connections.back().sentBytes += sentBytes;
    account.counts.bytes += sentBytes;
    account.counts.smallWrites += sentBytes <= SmallBytes;
    budgetBytes -= std::min(budgetBytes, sentBytes);
}

/// Everything has been sent.
void Feed::finishSending()
{
    nextDue = NoDeadline;
    switch (planned().end)
    {
    case ConnectionEnd::Stay:
        waitFor(EPOLLRDHUP);
        return;
    case ConnectionEnd::Reset:
        reset();
        return;
    case ConnectionEnd::HalfClose:
        ++account.counts.halfCloses;
        conclude(ConnectionOutcome::Finished);
        ::shutdown(connection.get(), SHUT_WR);
        waitFor(EPOLLRDHUP);
        return;
    case ConnectionEnd::Close:
        ++account.counts.closes;
        conclude(ConnectionOutcome::Finished);
        connection.reset();
        return;
    }
}

void Feed::reset()
{
    const auto next = account.connections.size();
    const bool nobodyListens =
        next < plan.connections.size() && plan.connections[next].refusedFor.count() > 0;
    if (nobodyListens)
    {
        // First, or the source could be back before.
        listener.reset();
        ++account.counts.refusals;
        nextDue = Clock::now() + plan.connections[next].refusedFor;
    }
    ++account.counts.resets;
    account.counts.resetsAtOnce += stream->offsetBytes() == 0;
    conclude(ConnectionOutcome::Reset);
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    connection.reset();
}

void Feed::readerLeft()
{
    if (account.connections.back().outcome == ConnectionOutcome::Open)
    {
        conclude(ConnectionOutcome::Left);
    }
    connection.reset();
    nextDue = NoDeadline;
}

/// Before the system call that the source will notice: what it does then comes later.
void Feed::conclude(ConnectionOutcome outcome)
{
    account.connections.back().outcome = outcome;
    account.connections.back().endedAt = Clock::now();
}

void Feed::waitFor(std::uint32_t events)
{
    if (events != watchedEvents)
    {
        watchedEvents = events;
        epoll_event event{.events = events,
                          .data = {.u64 = key << TagBits | account.connections.size()}};
        checked(::epoll_ctl(epoll, EPOLL_CTL_MOD, connection.get(), &event), "epoll_ctl");
    }
}

const ConnectionPlan& Feed::planned() const noexcept
{
    return plan.connections[account.connections.size() - 1];
}

bool Feed::finished() const noexcept
{
    return !account.connections.empty() &&
           account.connections.back().outcome == ConnectionOutcome::Finished;
}

void Feed::close()
{
    if (connection && account.connections.back().outcome == ConnectionOutcome::Open)
    {
        conclude(ConnectionOutcome::Left);
    }
    connection.reset();
    listener.reset();
    nextDue = NoDeadline;
}

} // namespace weft::soak
