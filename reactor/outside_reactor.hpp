#pragma once

#include <weft/fibers/scheduler.hpp>
#include <weft/reactor/reactor.hpp>

namespace weft
{

/// While it lives, the calling reactor thread passes for one that is none: what it spawns, stops
/// and releases goes the way that it goes from other threads. For simulations, which do on one
/// thread what many would do. The engine must be parking; nothing may suspend.
class OutsideReactor
{
public:
    OutsideReactor() noexcept
        : reactor(Reactor::exchangeCurrent(nullptr)),
          scheduler(Scheduler::exchangeCurrent(nullptr))
    {
    }

    ~OutsideReactor()
    {
        Reactor::exchangeCurrent(reactor);
        Scheduler::exchangeCurrent(scheduler);
    }

    OutsideReactor(const OutsideReactor&) = delete;
    OutsideReactor& operator=(const OutsideReactor&) = delete;

private:
    Reactor* const reactor;
    Scheduler* const scheduler;
};

} // namespace weft
