#pragma once

#include <weft/sources/listening_source.hpp>
#include <weft/sources/source_event.hpp>
#include <weft/sources/source_runner.hpp>
#include <weft/timers/clock.hpp>

#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/mutex.hpp>

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace weft
{

class SourceExecution;
class SourceTask;

/// The connections of a listening source while it runs. Rules:
///   1. A connection is a SourceTask like any other, whose open is the accept. So it has a stack
///      and its buffer before it takes anything from the kernel's queue, and what the machine is
///      short of makes peers wait there.
///   2. One connection at a time waits to be accepted. It is numbered when it is; the next is
///      launched then, while fewer than the limit are open.
///   3. One that could not be had, for whatever reason, is tried again after a pause, which doubles
///      while that goes on, or when another has ended.
///   4. The events of all go to the one emit function, one at a time. Between its begin and its end
///      a connection's are in order.
///   5. A stop ends the accepting one first; the rest are stopped when nobody listens any more, and
///      the listening source is over when the last of them is. No end is told from the stop on.
class Connections
{
public:
    /// Both are the listening task's own. The options are those of each connection but for the
    /// name.
    Connections(ListeningSource& listeningSource, OriginId sourceOrigin,
                const SourceRunnerOptions& sourceOptions, EmitFunction& sourceEmit);
    ~Connections();

    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    // On the listening source's fiber or thread.

    /// Accepts, until a stop (false) or until as many connections as there may be have come and
    /// gone (true). Throws SourceError when nobody listens any more. Nothing is being accepted when
    /// it ends. Suspends.
    bool serve(SourceExecution& execution);

    /// Stops those that are open and returns when all are over. Suspends.
    void stopAll() noexcept;

    // Any thread.

    void requestFlush() noexcept;
    void addTo(SourceStatistics& statistics) const;
    std::vector<ConnectionStatistics> list() const;

private:
    struct Connection;
    class AcceptedSource;
    class Feed;

    void launchNext(SourceExecution& execution);
    bool mayLaunch() const;
    void stopAccepting();
    void removeEnded() noexcept;
    std::optional<SourceFailure> takeAcceptFailure();
    void waitForChange(std::uint64_t seen);
    std::uint64_t changeCount() const;

    // On a connection's own fiber or thread.

    void emitInTurn(SourceEvent event);
    void begins(Connection& connection, const Source& source);
    void accepted(Connection& connection);
    void failed(Connection& connection, SourceFailure failure);
    void ends(const Connection& connection, std::optional<SourceFailure> failure);
    void over(Connection& connection) noexcept;

    ListeningSource& source;
    const OriginId origin;
    const SourceRunnerOptions options;
    const ConnectionLimits limits;
    EmitFunction& emit;
    std::stop_token stop;          // of the listening source, from serve() on
    boost::fibers::mutex emitTurn; // held while emit is called

    mutable std::mutex mutex; // guards what follows
    boost::fibers::condition_variable_any changed;
    std::uint64_t changes = 0;
    std::list<Connection> running;   // the one that waits to be accepted included
    std::list<Connection> ended;     // have let go of the emit function, and may not be over yet
    Connection* accepting = nullptr; // in `running`
    std::optional<SourceFailure> acceptFailure; // that has not been looked at
    std::chrono::nanoseconds pause{};           // after the last one; zero: all is well
    Deadline pauseEnd{};
    SourceStatistics totals; // of those that are gone
    std::uint64_t acceptedCount = 0;
    std::uint64_t failedCount = 0;
    std::uint64_t acceptFailureCount = 0;
    std::string lastError;
};

} // namespace weft
