#include <weft/reactor/io_error.hpp>
#include <weft/reactor/plain_thread.hpp>

namespace weft
{

std::error_code detail::errorOf(Interruption interruption) noexcept
{
    switch (interruption)
    {
    case Interruption::None:
        return {};
    case Interruption::Stopped:
        return IoError::Stopped;
    case Interruption::DeadlinePassed:
        return IoError::DeadlineExpired;
    }
    return {};
}

std::error_code detail::refusalOnThread(Deadline deadline) noexcept
{
    if (auto* const waits = ThreadWaits::current())
    {
        return errorOf(waits->beforeWait(deadline));
    }
    if (deadline != NoDeadline && deadline <= Clock::now())
    {
        return IoError::DeadlineExpired;
    }
    return {};
}

} // namespace weft
