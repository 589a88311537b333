#include <weft/fibers/scheduler.hpp>
#include <weft/fibers/this_fiber.hpp>
#include <weft/memory/assert.hpp>

#include <boost/fiber/operations.hpp>

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
    const auto* const record = activeRecord();
    return record != nullptr && record->stopVisible();
}

std::stop_token this_fiber::stopToken()
{
    auto* const record = activeRecord();
    return record != nullptr ? record->stopToken() : std::stop_token();
}

void this_fiber::yield() noexcept
{
    boost::this_fiber::yield();
}

StopShield::StopShield() noexcept : record(activeRecord())
{
    if (record != nullptr)
    {
        ++record->stopShields;
    }
}

StopShield::~StopShield()
{
    if (record != nullptr)
    {
        WEFT_ASSERT(record->stopShields > 0);
        --record->stopShields;
    }
}

} // namespace weft
