#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>
#include <weft/sources/source_failure.hpp>

#include <system_error>

namespace weft
{

SourceFailure describeFailure(const std::exception_ptr& failure)
{
    try
    {
        std::rethrow_exception(failure);
    }
    catch (const std::system_error& error)
    {
        return {.code = error.code(), .message = error.what(), .exception = failure};
    }
    catch (const std::exception& error)
    {
        return {.code = {}, .message = error.what(), .exception = failure};
    }
    catch (...)
    {
        return {.code = {}, .message = "the source threw something unknown", .exception = failure};
    }
}

bool isAnswerToStop(const std::exception_ptr& failure)
{
    // The token is stopped a moment before the fiber, and who waits with a callback may answer it.
    return failure && describeFailure(failure).code == IoError::Stopped &&
           (this_fiber::stopRequested() || this_fiber::stopToken().stop_requested());
}

} // namespace weft
