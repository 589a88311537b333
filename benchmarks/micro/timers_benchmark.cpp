// Timers: our wheel beside the container in which Boost.Fiber's scheduler keeps fibers that sleep,
// an intrusive ordered set. The containers alone are compared: a million stock fibers would need
// gigabytes of stacks.

#include <weft/timers/timer_wheel.hpp>

#include "placement.hpp"

#include <benchmark/benchmark.h>
#include <boost/intrusive/set.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

#include <sys/timerfd.h>
#include <unistd.h>

namespace
{

using namespace weft::bench;
using std::chrono::milliseconds;
using weft::Clock;

/// Deadlines of the others are spread over so many ms.
constexpr std::int64_t SpreadMs = 100'000;

Clock::time_point deadlineOf(Clock::time_point now, std::int64_t index)
{
    return now + milliseconds(1 + index % SpreadMs);
}

/// A wheel whose timers arm themselves again when they expire, as far ahead as the furthest.
class Wheel
{
public:
    explicit Wheel(Clock::time_point start) : wheel(start)
    {
    }

    struct Entry : weft::Timer
    {
        explicit Entry(Wheel& owner) : Timer(expired), own(owner)
        {
        }

        static void expired(Timer& timer) noexcept
        {
            auto& own = static_cast<Entry&>(timer).own;
            own.wheel.arm(timer, timer.deadline() + milliseconds(SpreadMs));
        }

        Wheel& own;
    };

    void arm(Entry& entry, Clock::time_point deadline)
    {
        wheel.arm(entry, deadline);
    }

    void cancel(Entry& entry)
    {
        wheel.cancel(entry);
    }

    std::size_t advance(Clock::time_point now)
    {
        return wheel.advance(now);
    }

private:
    weft::TimerWheel wheel;
};

/// What boost/fiber/scheduler.hpp has as its sleep queue, with entries of our own.
class SleepQueue
{
public:
    explicit SleepQueue(Clock::time_point /*start*/)
    {
    }

    struct Entry
    {
        explicit Entry(SleepQueue& /*owner*/)
        {
        }

        bool operator<(const Entry& other) const noexcept
        {
            return deadline < other.deadline;
        }

        boost::intrusive::set_member_hook<
            boost::intrusive::link_mode<boost::intrusive::auto_unlink>>
            hook;
        Clock::time_point deadline;
    };

    void arm(Entry& entry, Clock::time_point deadline)
    {
        entry.deadline = deadline;
        queue.insert(entry);
    }

    void cancel(Entry& entry)
    {
        entry.hook.unlink();
    }

    std::size_t advance(Clock::time_point now)
    {
        std::size_t expired = 0;
        while (!queue.empty() && queue.begin()->deadline <= now)
        {
            auto& entry = *queue.begin();
            cancel(entry);
            arm(entry, entry.deadline + milliseconds(SpreadMs));
            ++expired;
        }
        return expired;
    }

private:
    boost::intrusive::multiset<
        Entry, boost::intrusive::member_hook<Entry, decltype(Entry::hook), &Entry::hook>,
        boost::intrusive::constant_time_size<false>>
        queue;
};

template <typename Timers>
class ArmedTimers
{
public:
    ArmedTimers(Timers& timers, Clock::time_point now, std::int64_t count) : all(timers)
    {
        for (std::int64_t index = 0; index < count; ++index)
        {
            entries.emplace_back(timers);
            timers.arm(entries.back(), deadlineOf(now, index));
        }
    }

    ~ArmedTimers()
    {
        for (auto& entry : entries)
        {
            all.cancel(entry);
        }
    }

private:
    Timers& all;
    std::deque<typename Timers::Entry> entries;
};

template <typename Timers>
void armAndCancel(benchmark::State& state)
{
    onThread(
        [&state]
        {
            const auto now = Clock::now();
            Timers timers(now);
            const ArmedTimers<Timers> others(timers, now, state.range(0));
            typename Timers::Entry timer(timers);
            for (auto _ : state)
            {
                timers.arm(timer, now + milliseconds(10));
                timers.cancel(timer);
            }
        });
}

/// What a thread that waits with a deadline asks of the kernel. How many the kernel has armed
/// besides is not in our hands.
void armAndCancelThread(benchmark::State& state)
{
    onThread(
        [&state]
        {
            const int descriptor = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
            const itimerspec armed{.it_interval = {}, .it_value = {.tv_sec = 10, .tv_nsec = 0}};
            const itimerspec cancelled{};
            for (auto _ : state)
            {
                ::timerfd_settime(descriptor, 0, &armed, nullptr);
                ::timerfd_settime(descriptor, 0, &cancelled, nullptr);
            }
            ::close(descriptor);
        });
}

/// Time goes on by one ms at a time, in which ten of a million timers expire; one iteration is one
/// of them.
template <typename Timers>
void expire(benchmark::State& state)
{
    onThread(
        [&state]
        {
            auto now = Clock::now();
            Timers timers(now);
            const ArmedTimers<Timers> armed(timers, now, state.range(0));
            std::size_t expired = 0;
            for (auto _ : state)
            {
                while (expired == 0)
                {
                    now += milliseconds(1);
                    expired = timers.advance(now);
                }
                --expired;
            }
        });
}

constexpr std::int64_t Million = 1'000'000;

BENCHMARK(armAndCancel<Wheel>)->Name("timer-arm-cancel/weft")->Arg(0)->Arg(Million)->UseRealTime();
BENCHMARK(armAndCancel<SleepQueue>)
    ->Name("timer-arm-cancel/stock")
    ->Arg(0)
    ->Arg(Million)
    ->UseRealTime();
BENCHMARK(armAndCancelThread)->Name("timer-arm-cancel/thread")->Arg(0)->UseRealTime();
BENCHMARK(expire<Wheel>)->Name("timer-expiry/weft")->Arg(Million)->UseRealTime();
BENCHMARK(expire<SleepQueue>)->Name("timer-expiry/stock")->Arg(Million)->UseRealTime();

} // namespace
