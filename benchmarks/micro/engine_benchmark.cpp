// One operation through the engine, in which the kernel has as little to do as can be: a poll of a
// descriptor that is ready. The plain system call stands beside it; the rest is the way through the
// fiber, the engine and the reactor's loop.

#include <weft/reactor/io.hpp>

#include "placement.hpp"

#include <benchmark/benchmark.h>

#include <exception>

#include <poll.h>
#include <sys/eventfd.h>

namespace
{

using namespace weft::bench;

weft::OwnedDescriptor readyDescriptor()
{
    return weft::OwnedDescriptor(::eventfd(1, EFD_CLOEXEC));
}

void noOpOn(benchmark::State& state, weft::EngineKind engine)
{
    try
    {
        onReactor(
            [&state]
            {
                const auto ready = readyDescriptor();
                for (auto _ : state)
                {
                    if (!weft::io::poll(ready.get(), POLLIN))
                    {
                        state.SkipWithError("the poll failed");
                        break;
                    }
                }
            },
            engine);
    }
    catch (const std::exception& refusal)
    {
        state.SkipWithError(refusal.what());
    }
}

void noOpUring(benchmark::State& state)
{
    noOpOn(state, weft::EngineKind::IoUring);
}

void noOpEpoll(benchmark::State& state)
{
    noOpOn(state, weft::EngineKind::Epoll);
}

void noOpThread(benchmark::State& state)
{
    onThread(
        [&state]
        {
            const auto ready = readyDescriptor();
            pollfd polled{.fd = ready.get(), .events = POLLIN, .revents = 0};
            for (auto _ : state)
            {
                benchmark::DoNotOptimize(::poll(&polled, 1, -1));
            }
        });
}

BENCHMARK(noOpUring)->Name("no-op/weft-uring")->UseRealTime();
BENCHMARK(noOpEpoll)->Name("no-op/weft-epoll")->UseRealTime();
BENCHMARK(noOpThread)->Name("no-op/thread")->UseRealTime();

} // namespace
