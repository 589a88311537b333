#pragma once

#include <weft/timers/clock.hpp>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace weft::soak
{

/// Calls functions at their moments, on a thread of its own: what others say to a source while it
/// runs. Its members may be called by any thread, but not by those functions.
class Prompter
{
public:
    /// Must not block. Answers when it is to be called again; nothing: it is not.
    using Function = std::move_only_function<std::optional<Clock::time_point>()>;
    using Id = std::uint64_t;

    Prompter();
    ~Prompter();

    Prompter(const Prompter&) = delete;
    Prompter& operator=(const Prompter&) = delete;

    Id add(Clock::time_point due, Function function);

    /// When it returns the function has gone and is not being called.
    void remove(Id id);

private:
    struct Entry
    {
        Clock::time_point due;
        Id id = 0;
        Function function;
    };

    static bool later(const Entry& left, const Entry& right) noexcept;
    void run();
    void callFirst();

    std::mutex mutex; // held while a function is called
    std::condition_variable changed;
    std::vector<Entry> entries; // a heap, the first that is due in front
    Id lastId = 0;
    bool stopping = false;
    std::thread thread;
};

} // namespace weft::soak
