#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::tools
{

/// One side's account of a stream of bytes.
struct StreamAccount
{
    /// What both sides call the stream.
    std::string stream;
    std::uint64_t bytes = 0;
    std::uint64_t checksum = 0;
    /// What went wrong on this side; empty when nothing did.
    std::string trouble;
};

struct AccountComparison
{
    /// Streams of which both sides have the same bytes.
    std::size_t matched = 0;
    /// A line for each of the others.
    std::vector<std::string> mismatches;
};

/// Compares what was sent with what was received, stream by stream. A stream that one side does not
/// have, or has twice, is a mismatch, and so is trouble on either side.
AccountComparison compareAccounts(const std::vector<StreamAccount>& sent,
                                  const std::vector<StreamAccount>& received);

} // namespace weft::tools
