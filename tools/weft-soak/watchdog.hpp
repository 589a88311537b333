#pragma once

#include <weft/timers/clock.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace weft
{
class Runtime;
}

namespace weft::soak
{

class Roster;

/// Ends the program, with a picture of the runtime, when something takes too long. It has a thread
/// of its own, so that it still sees what the others are stuck in.
class Watchdog
{
public:
    /// `progress`: a number that grows while all is well; any thread calls it. `lastWords` is
    /// called before the program ends with exit code 1. `watchTimeMax`: for a stop, and twice that
    /// without progress.
    Watchdog(std::chrono::nanoseconds watchTimeMax, const Roster& sourceRoster,
             std::function<std::uint64_t()> progressNumber, std::function<void()> lastWords);
    ~Watchdog();

    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    std::chrono::nanoseconds stopTimeMax() const noexcept
    {
        return timeMax;
    }

    /// Whose picture is given; null: of none.
    void look(Runtime* lookedAt);

    /// While it lives, what it stands for has to be over in stopTimeMax().
    class Expectation
    {
    public:
        Expectation(Watchdog& owner, std::string what);
        ~Expectation();

        Expectation(const Expectation&) = delete;
        Expectation& operator=(const Expectation&) = delete;

    private:
        Watchdog& watchdog;
    };

    /// Gives the picture and ends the program: `what` has not happened. `source`: the beginning of
    /// the names of the sources and fibers that matter most.
    [[noreturn]] void giveUp(const std::string& what, const std::string& source = {});

private:
    void run();
    void picture(const std::string& source);
    void pictureOfRuntime(const std::string& source);

    const std::chrono::nanoseconds timeMax;
    const Roster& roster;
    const std::function<std::uint64_t()> progress;
    const std::function<void()> sayLastWords;

    std::mutex mutex;
    std::condition_variable changed;
    Runtime* runtime = nullptr;
    std::string expected;
    std::optional<Clock::time_point> expectedBy;
    bool stopping = false;
    std::thread thread;
};

} // namespace weft::soak
