#include <weft/reactor/io.hpp>
#include <weft/sources/source_handle.hpp>

namespace weft
{

TryStopResult tryStopAll(std::span<SourceHandle> handles, std::chrono::nanoseconds timeout)
{
    const auto deadline = io::after(timeout);
    for (auto& handle : handles)
    {
        handle.stop();
    }
    auto result = TryStopResult::Success;
    for (auto& handle : handles)
    {
        // Also when the time is up, to see which have stopped by then.
        if (handle.tryStop(deadline - Clock::now()) == TryStopResult::Timeout)
        {
            result = TryStopResult::Timeout;
        }
    }
    return result;
}

} // namespace weft
