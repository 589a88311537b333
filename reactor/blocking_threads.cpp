#include <weft/fibers/scheduler.hpp>
#include <weft/fibers/thread_waits.hpp>
#include <weft/memory/assert.hpp>
#include <weft/reactor/blocking_threads.hpp>
#include <weft/reactor/thread_signals.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <system_error>
#include <utility>

#include <pthread.h>

namespace weft
{

namespace
{

thread_local BlockingThreads* currentThreads = nullptr;

constexpr std::size_t ThreadNameBytesMax = 15; // the kernel's limit

std::string_view explainRefusal(std::error_code error)
{
    switch (error.value())
    {
    case EMFILE:
    case ENFILE:
        return "there is no file descriptor left for its eventfd; raise 'ulimit -n'";
    case EAGAIN:
        return "the machine refuses another; raise 'ulimit -u' or the cgroup's pids.max";
    default:
        return "the machine refuses";
    }
}

} // namespace

BlockingThreads::BlockingThreads(OffloadPool& offloadPool) noexcept : offload(offloadPool)
{
    CPU_ZERO(&cpus);
    ::pthread_getaffinity_np(::pthread_self(), sizeof(cpus), &cpus);
}

BlockingThreads::~BlockingThreads()
{
    stopAll();
    awaitEnd();
}

BlockingThreads* BlockingThreads::current() noexcept
{
    return currentThreads;
}

void BlockingThreads::start(std::string_view name, std::stop_token stop, Function function)
{
    Entries created;
    auto& entry = created.emplace_back();
    entry.name = name;
    // Outside the lock: a stop that is there already calls back at once.
    entry.followedStop.emplace(std::move(stop), ForwardStop{entry.stop});
    entry.followedShutdown.emplace(shutdown.get_token(), ForwardStop{entry.stop});
    try
    {
        if (addRunning(created, std::move(function)))
        {
            return;
        }
    }
    catch (const std::system_error& refused)
    {
        throw std::system_error(refused.code(),
                                fmt::format("cannot start a thread for '{}' beside {} that run: {}",
                                            name, count(), explainRefusal(refused.code())));
    }
    throw std::system_error(
        std::make_error_code(std::errc::resource_unavailable_try_again),
        fmt::format("cannot start a thread for '{}': the runtime shuts down", name));
}

bool BlockingThreads::addRunning(Entries& created, Function function)
{
    ThreadWake wake;
    const SignalsBlocked signalsBlocked;
    // Held until the entry is complete: the thread takes it when it ends.
    const std::lock_guard lock(mutex);
    if (closed)
    {
        return false;
    }
    const auto self = created.begin();
    self->thread = std::thread(
        [this, self, wake = std::move(wake), function = std::move(function)]() mutable
        {
            run(self, wake, function);
        });
    running.splice(running.end(), created);
    mostAtOnce = std::max(mostAtOnce, running.size());
    return true;
}

void BlockingThreads::run(Entries::iterator self, ThreadWake& wake, Function& function) noexcept
{
    currentThreads = this;
    ::pthread_setname_np(::pthread_self(), self->name.substr(0, ThreadNameBytesMax).c_str());
    // A thread is born where its maker may run, and that may be a reactor that is pinned.
    ::pthread_setaffinity_np(::pthread_self(), sizeof(cpus), &cpus);
    {
        const ThreadWaits waits(self->stop.get_token(), std::move(wake));
        try
        {
            function();
        }
        catch (...)
        {
            fmt::print(stderr, "weft: an exception escaped the thread of '{}'\n", self->name);
            std::rethrow_exception(std::current_exception()); // noexcept: ends the process
        }
        function = nullptr;
    }
    // Waits for a stop that is being forwarded by another thread at this moment.
    self->followedStop.reset();
    self->followedShutdown.reset();
    leave(self);
}

void BlockingThreads::leave(Entries::iterator self) noexcept
{
    // Nobody is left to join a thread but those that end after it, and awaitEnd() for the last.
    Entries before;
    {
        const std::lock_guard lock(mutex);
        before.swap(ended);
        ended.splice(ended.end(), running, self);
        changed.notify_all();
    }
    join(before);
}

void BlockingThreads::join(Entries& entries) noexcept
{
    for (auto& entry : entries)
    {
        entry.thread.join();
    }
}

void BlockingThreads::stopAll() noexcept
{
    {
        const std::lock_guard lock(mutex);
        closed = true;
    }
    shutdown.request_stop();
}

void BlockingThreads::awaitEnd() noexcept
{
    WEFT_ASSERT(currentThreads != this && Scheduler::current() == nullptr);
    Entries last;
    {
        std::unique_lock lock(mutex);
        changed.wait(lock,
                     [this]
                     {
                         return running.empty();
                     });
        last.swap(ended);
    }
    join(last);
}

std::size_t BlockingThreads::highWater() const
{
    const std::lock_guard lock(mutex);
    return mostAtOnce;
}

std::size_t BlockingThreads::count() const
{
    const std::lock_guard lock(mutex);
    return running.size();
}

} // namespace weft
