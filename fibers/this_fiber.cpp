#include <weft/fibers/scheduler.hpp>
#include <weft/fibers/this_fiber.hpp>
#include <weft/fibers/thread_waits.hpp>
#include <weft/memory/assert.hpp>

#include <boost/fiber/operations.hpp>

#include <thread>

namespace weft
{

namespace
{

FiberRecord* activeRecord() noexcept
{
    const auto* const scheduler = Scheduler::current();
    return scheduler != nullptr ? scheduler->activeRecord() : nullptr;
}

} // namespace

bool this_fiber::onReactor() noexcept
{
    return Scheduler::current() != nullptr;
}

FiberId this_fiber::id() noexcept
{
    const auto* const record = activeRecord();
    return record != nullptr ? record->id() : 0;
}

std::string_view this_fiber::name() noexcept
{
    const auto* const record = activeRecord();
    return record != nullptr ? record->name() : std::string_view();
}

bool this_fiber::stopRequested() noexcept
{
    if (const auto* const waits = ThreadWaits::current())
    {
        return waits->stopVisible();
    }
    const auto* const record = activeRecord();
    return record != nullptr && record->stopVisible();
}

std::stop_token this_fiber::stopToken()
{
    if (const auto* const waits = ThreadWaits::current())
    {
        return waits->stopToken();
    }
    auto* const record = activeRecord();
    return record != nullptr ? record->stopToken() : std::stop_token();
}

void this_fiber::yield() noexcept
{
    if (auto* const scheduler = Scheduler::current())
    {
        scheduler->yield();
    }
    else if (ThreadWaits::current() != nullptr)
    {
        std::this_thread::yield();
    }
    else
    {
        boost::this_fiber::yield();
    }
}

void this_fiber::giveWay(bool keepsPlace) noexcept
{
    if (auto* const scheduler = Scheduler::current())
    {
        scheduler->giveWay(keepsPlace);
    }
    else
    {
        yield();
    }
}

StopShield::StopShield() noexcept : shields(nullptr)
{
    if (auto* const waits = ThreadWaits::current())
    {
        shields = &waits->stopShields;
    }
    else if (auto* const record = activeRecord())
    {
        shields = &record->stopShields;
    }
    if (shields != nullptr)
    {
        ++*shields;
    }
}

StopShield::~StopShield()
{
    if (shields != nullptr)
    {
        WEFT_ASSERT(*shields > 0);
        --*shields;
    }
}

} // namespace weft
