#include <weft/fibers/fiber.hpp>
#include <weft/memory/assert.hpp>

namespace weft
{

Fiber::~Fiber()
{
    if (record != nullptr)
    {
        record->requestStop();
        record->wait();
        record->releaseReference();
    }
}

void Fiber::join()
{
    WEFT_ASSERT(record != nullptr);
    record->wait();
    const auto failure = record->exception();
    std::exchange(record, nullptr)->releaseReference();
    if (failure)
    {
        std::rethrow_exception(failure);
    }
}

void Fiber::detach() noexcept
{
    WEFT_ASSERT(record != nullptr);
    record->detach();
    std::exchange(record, nullptr)->releaseReference();
}

void Fiber::requestStop() noexcept
{
    WEFT_ASSERT(record != nullptr);
    record->requestStop();
}

bool Fiber::hasFinished() const noexcept
{
    WEFT_ASSERT(record != nullptr);
    return record->hasFinished();
}

FiberId Fiber::id() const noexcept
{
    WEFT_ASSERT(record != nullptr);
    return record->id();
}

std::string_view Fiber::name() const noexcept
{
    WEFT_ASSERT(record != nullptr);
    return record->name();
}

} // namespace weft
