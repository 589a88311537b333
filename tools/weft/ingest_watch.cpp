#include "ingest_watch.hpp"

#include "ingest_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include <poll.h>

namespace weft::tools
{

namespace
{

/// Waits for a signal, the end of the session or `deadline`.
void waitForNews(const IngestSession& session, const InterruptSignals& signals,
                 Clock::time_point deadline)
{
    std::array<pollfd, 2> waited{
        pollfd{.fd = signals.descriptor(), .events = POLLIN, .revents = 0},
        pollfd{.fd = session.doneDescriptor(), .events = POLLIN, .revents = 0},
    };
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    const auto timeoutMs = std::max<std::int64_t>(left.count(), 0);
    ::poll(waited.data(), waited.size(), static_cast<int>(timeoutMs));
}

} // namespace

WatchEnd watchSession(IngestSession& session, InterruptSignals& signals, StatusDisplay& display,
                      std::optional<std::chrono::nanoseconds> duration)
{
    const auto start = Clock::now();
    const auto stopDue =
        duration && *duration < NoDeadline - start ? start + *duration : NoDeadline;
    auto pictureDue = start + display.interval();
    auto end = WatchEnd::Complete;
    while (!session.wait(std::chrono::nanoseconds::zero()))
    {
        const bool draining = end != WatchEnd::Complete;
        const auto now = Clock::now();
        if (signals.take())
        {
            if (draining)
            {
                end = WatchEnd::GaveUp;
                break;
            }
            display.say("interrupted: draining; interrupt again to give up");
            end = WatchEnd::Interrupted;
            session.requestStop();
        }
        else if (!draining && now >= stopDue)
        {
            end = WatchEnd::DurationOver;
            session.requestStop();
        }
        if (now >= pictureDue)
        {
            display.show(session.progress(), draining ? "draining" : "");
            pictureDue = now + display.interval();
        }
        for (const auto& line : session.newListeners())
        {
            display.say(line);
        }
        auto waitEnd = draining ? pictureDue : std::min(pictureDue, stopDue);
        if (session.awaitsListeners())
        {
            constexpr auto UntilItListens = std::chrono::milliseconds(20);
            waitEnd = std::min<Clock::time_point>(waitEnd, Clock::now() + UntilItListens);
        }
        waitForNews(session, signals, waitEnd);
    }
    display.clear();
    return end;
}

} // namespace weft::tools
