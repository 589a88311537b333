#pragma once

#include "ingest_session.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

namespace weft::tools
{

enum class StatusStyle : std::uint8_t
{
    Live,  // a few lines, drawn again in place
    Plain, // a line each second
    Quiet, // nothing
};

/// Live on a terminal, Plain elsewhere.
StatusStyle chooseStatusStyle(std::FILE* output, bool plain, bool quiet) noexcept;

/// Shows how a session is doing. Rates are those since the picture before.
class StatusDisplay
{
public:
    /// `output`: standard error, as a rule. `session` has just been started.
    StatusDisplay(StatusStyle statusStyle, std::FILE* statusOutput, const IngestSession& session)
        : style(statusStyle),
          output(statusOutput),
          before(session.progress()),
          startTime(before.time)
    {
    }

    /// How often show() is due.
    std::chrono::milliseconds interval() const noexcept;

    /// `note` says what is going on besides: "draining".
    void show(const IngestProgress& progress, const std::string& note);

    /// Writes a line that stays, above what is drawn in place.
    void say(const std::string& line);

    /// Takes away what was drawn in place.
    void clear();

private:
    std::string liveLines(const IngestProgress& progress, const std::string& note) const;
    std::string plainLine(const IngestProgress& progress, const std::string& note) const;
    void erase();

    const StatusStyle style;
    std::FILE* const output;
    IngestProgress before;
    const Clock::time_point startTime;
    std::size_t linesDrawn = 0;
};

} // namespace weft::tools
