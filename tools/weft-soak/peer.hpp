#pragma once

#include <weft/reactor/owned_descriptor.hpp>

#include "feed.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace weft::soak
{

/// Who the sources are connected to: one thread with epoll that drives all feeds. Nothing of weft's
/// runtime, so that weft is not tested with itself. Its members may be called by any thread.
class Peer
{
public:
    explicit Peer(std::uint64_t soakSeed);
    ~Peer();

    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    struct Address
    {
        std::uint64_t key = 0; // for the calls below
        std::string host;
        std::uint16_t port = 0;
    };

    /// `fifoPath`: the pipe to write to, for Transport::Fifo. Throws std::system_error.
    Address open(const LifePlan& plan, const std::filesystem::path& fifoPath);

    /// Whether the peer has ended the stream in order, and when that was.
    bool finished(std::uint64_t key);

    /// Ends the feed. Its account is complete then.
    FeedAccount close(std::uint64_t key);

    /// Throws what has ended the thread, if anything has.
    void check();

    /// Bytes sent so far, by all feeds.
    std::uint64_t sentBytes() const noexcept
    {
        return bytes.load(std::memory_order_relaxed);
    }

private:
    void run();
    int stepAll();
    void wake() noexcept;

    const std::uint64_t seed;
    OwnedDescriptor epoll;
    OwnedDescriptor wakeDescriptor;
    std::atomic<bool> stopping = false;
    std::atomic<std::uint64_t> bytes = 0;

    std::mutex mutex; // guards what follows, and the feeds
    std::map<std::uint64_t, std::unique_ptr<Feed>> feeds;
    std::uint64_t lastKey = 0;
    std::exception_ptr failure;

    std::thread thread; // last: it uses the rest
};

} // namespace weft::soak
