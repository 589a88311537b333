#include "peer.hpp"

#include <weft/memory/assert.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace weft::soak
{

namespace
{

constexpr std::uint64_t WakeUpKey = 0;

} // namespace

Peer::Peer(std::uint64_t soakSeed)
    : seed(soakSeed),
      epoll(::epoll_create1(EPOLL_CLOEXEC)),
      wakeDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
{
    epoll_event event{.events = EPOLLIN, .data = {.u64 = WakeUpKey}};
    if (!epoll || !wakeDescriptor ||
        ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wakeDescriptor.get(), &event) != 0)
    {
        throw std::system_error(errno, std::generic_category(), "the soak's own server: epoll");
    }
    thread = std::thread(
        [this]
        {
            ::pthread_setname_np(::pthread_self(), "soak-peer");
            try
            {
                run();
            }
            catch (...)
            {
                const std::lock_guard lock(mutex);
                failure = std::current_exception();
            }
        });
}

Peer::~Peer()
{
    stopping.store(true);
    wake();
    thread.join();
}

Peer::Address Peer::open(const LifePlan& plan, const std::filesystem::path& fifoPath)
{
    Address address;
    {
        const std::lock_guard lock(mutex);
        address.key = ++lastKey;
        auto feed = std::make_unique<Feed>(address.key, epoll.get(), seed, plan, fifoPath);
        address.host = feed->host();
        address.port = feed->port();
        feeds.emplace(address.key, std::move(feed));
    }
    wake();
    return address;
}

bool Peer::finished(std::uint64_t key)
{
    const std::lock_guard lock(mutex);
    return feeds.at(key)->finished();
}

FeedAccount Peer::close(std::uint64_t key)
{
    const std::lock_guard lock(mutex);
    const auto found = feeds.find(key);
    WEFT_ASSERT(found != feeds.end());
    found->second->close();
    auto account = std::move(found->second->account);
    feeds.erase(found);
    bytes.fetch_add(account.counts.bytes, std::memory_order_relaxed);
    return account;
}

void Peer::check()
{
    const std::lock_guard lock(mutex);
    if (failure)
    {
        std::rethrow_exception(failure);
    }
}

void Peer::wake() noexcept
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wakeDescriptor.get(), &one, sizeof(one));
}

void Peer::run()
{
    int timeoutMs = -1;
    std::array<epoll_event, 256> events{};
    while (!stopping.load())
    {
        const int count =
            ::epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), timeoutMs);
        const std::lock_guard lock(mutex);
        for (int index = 0; index < count; ++index)
        {
            const auto& event = events[static_cast<std::size_t>(index)];
            const auto key = event.data.u64 >> Feed::TagBits;
            if (key == WakeUpKey)
            {
                std::uint64_t wakes = 0;
                [[maybe_unused]] const auto taken =
                    ::read(wakeDescriptor.get(), &wakes, sizeof(wakes));
            }
            else if (const auto found = feeds.find(key); found != feeds.end())
            {
                found->second->take(event.data.u64 & Feed::TagMask, event.events);
            }
        }
        timeoutMs = stepAll();
    }
}

/// Steps the feeds that are due and says how long to wait for the next, in milliseconds.
int Peer::stepAll()
{
    auto next = NoDeadline;
    const auto now = Clock::now();
    for (const auto& [key, feed] : feeds)
    {
        if (feed->due() <= now)
        {
            feed->step();
        }
        next = std::min(next, feed->due());
    }
    if (next == NoDeadline)
    {
        return -1;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

} // namespace weft::soak
