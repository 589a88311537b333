#pragma once

#include <weft/fibers/thread_waits.hpp>

#include <fstream>
#include <future>
#include <iterator>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include <unistd.h>

namespace weft
{

/// A plain thread with ThreadWaits that runs a piece of a test.
class StoppableThread
{
public:
    template <typename Body>
    explicit StoppableThread(Body body)
    {
        std::promise<Known> begun;
        auto known = begun.get_future();
        thread = std::jthread(
            [this, begun = std::move(begun), body = std::move(body)]() mutable
            {
                ThreadWaits own(source.get_token());
                begun.set_value({&own, ::gettid()});
                body();
                ended.get_future().wait(); // the test may still use what waits() answers
            });
        self = known.get();
    }

    ~StoppableThread()
    {
        join();
    }

    StoppableThread(const StoppableThread&) = delete;
    StoppableThread& operator=(const StoppableThread&) = delete;

    /// Until join().
    ThreadWaits& waits() const
    {
        return *self.waits;
    }

    void requestStop()
    {
        source.request_stop();
    }

    /// Returns when the thread sleeps in the kernel: there is no event for that.
    void awaitAsleep() const
    {
        const auto path = "/proc/self/task/" + std::to_string(self.id) + "/stat";
        for (;;)
        {
            std::ifstream file(path);
            const std::string line(std::istreambuf_iterator<char>(file), {});
            if (const auto name = line.rfind(')');
                name != std::string::npos && line[name + 2] == 'S')
            {
                return;
            }
            std::this_thread::yield();
        }
    }

    /// Returns when the body has ended.
    void join()
    {
        if (thread.joinable())
        {
            ended.set_value();
            thread.join();
        }
    }

private:
    struct Known
    {
        ThreadWaits* waits;
        pid_t id;
    };

    std::stop_source source;
    std::promise<void> ended;
    Known self{};
    std::jthread thread;
};

} // namespace weft
