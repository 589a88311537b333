#pragma once

#include <weft/reactor/simulation/content.hpp>

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

/// \file
/// What simulated peers, files and name servers do, as plain data: an answer is asked for whenever
/// the code under test connects, opens or looks up.

namespace weft::simulation
{

/// One thing that the writing end of a stream does.
struct FeedStep
{
    enum class Kind : std::uint8_t
    {
        Write,  // `bytes` more of the content, as the reader makes room for them
        Pause,  // for `duration`
        Finish, // the end of the stream: half-close of a connection, last writer of a FIFO gone
        Reset,  // what the reader has not taken is lost, and it gets ECONNRESET (a FIFO: EIO)
    };

    Kind kind = Kind::Pause;
    std::uint64_t bytes = 0;
    std::chrono::nanoseconds duration{};
};

/// A stream that is written by these steps; after the last one the writer is silent.
struct FeedPlan
{
    ContentId content = 0;
    std::vector<FeedStep> steps;
    /// Comes first and is none of the content: what a protocol says before it. Not waited for by
    /// the steps, and lost in a reset like what they have written.
    std::string preface;
};

/// An answer that is an error, and how long it takes to come.
struct Refusal
{
    int error = 0; // errno
    std::chrono::nanoseconds after{};
};

/// A regular file.
struct RegularFile
{
    ContentId content = 0;
    std::uint64_t sizeBytes = 0;
    /// Reads from here on fail with EIO.
    std::optional<std::uint64_t> unreadableFrom;
};

using ConnectAnswer = std::variant<Refusal, FeedPlan>;

/// A FeedPlan is a FIFO with its writer.
using OpenAnswer = std::variant<Refusal, RegularFile, FeedPlan>;

/// Host addresses in text form, or the error of the look-up.
using NameAnswer = std::expected<std::vector<std::string>, std::error_code>;

/// What has come of the bytes of one content.
struct FeedAccount
{
    std::uint64_t writtenBytes = 0;   // by the writer
    std::uint64_t deliveredBytes = 0; // into buffers of operations, up to now
    std::uint32_t opens = 0;          // connections made, files opened
    std::uint32_t closes = 0;
    bool endTold = false; // the reader has been told of the end of the stream
    int errorTold = 0;    // errno that a read was answered with
};

} // namespace weft::simulation
