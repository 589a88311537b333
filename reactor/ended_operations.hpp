#pragma once

#include <weft/reactor/operation.hpp>

#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <cstdint>

namespace weft
{

using OperationQueue = boost::intrusive::list<
    Operation, boost::intrusive::member_hook<Operation, Operation::Hook, &Operation::queueHook>>;

/// Operations that have their result, in the order in which they got it, until the engine reports
/// them.
class EndedOperations
{
public:
    /// The operation is in no queue.
    void add(Operation& operation, std::int32_t result) noexcept
    {
        operation.result = result;
        operation.phase = Operation::Phase::Ended;
        ended.push_back(operation);
    }

    bool empty() const noexcept
    {
        return ended.empty();
    }

    /// Reports those that are here now, and answers how many. One that a report starts, and that
    /// ends at once, is left for the next time.
    std::size_t reportAll() noexcept
    {
        OperationQueue reported;
        reported.swap(ended);
        std::size_t count = 0;
        while (!reported.empty())
        {
            auto& operation = reported.front();
            reported.pop_front();
            operation.phase = Operation::Phase::Idle;
            ++count;
            operation.completed(operation);
        }
        return count;
    }

private:
    OperationQueue ended;
};

} // namespace weft
