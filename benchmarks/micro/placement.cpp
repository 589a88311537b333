#include "placement.hpp"

#include <weft/reactor/runtime.hpp>
#include <weft/reactor/usable_cpus.hpp>

#include <cstddef>
#include <utility>

#include <sched.h>

namespace weft::bench
{

namespace
{

const UsableCpus& usable()
{
    static const UsableCpus found = findUsableCpus(); // before any thread is pinned: see main()
    return found;
}

} // namespace

int firstCpu()
{
    return usable().cpus.front();
}

int secondCpu()
{
    return usable().cpus.back();
}

void pinTo(int cpu)
{
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(static_cast<std::size_t>(cpu), &cpus);
    ::sched_setaffinity(0, sizeof(cpus), &cpus);
}

void onReactor(const std::function<void()>& body, EngineKind engine)
{
    Runtime runtime({.reactors = 1, .cpus = {firstCpu()}, .engine = engine});
    runtime
        .spawn({.name = "benchmark", .stack = StackClass::Large},
               [&body]
               {
                   body();
               })
        .join();
}

void onThread(const std::function<void()>& body)
{
    std::jthread(
        [&body]
        {
            pinTo(firstCpu());
            body();
        })
        .join();
}

ThreadBeside::ThreadBeside(std::function<void()> body)
    : thread(
          [own = std::move(body)]
          {
              pinTo(secondCpu());
              own();
          })
{
}

} // namespace weft::bench
