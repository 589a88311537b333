#pragma once

#include "plan.hpp"
#include "record_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weft::soak
{

/// Compares what a source has delivered with what its connections have sent: of each connection a
/// prefix, byte by byte, the connections in their order, and a new one only at the beginning of a
/// buffer. One thread at a time.
class StreamChecker
{
public:
    StreamChecker(std::uint64_t soakSeed, const LifePlan& lifePlan);

    /// The next buffer. False when something is wrong; problem() then says what, and nothing more
    /// is compared.
    bool take(std::span<const std::byte> bytes);

    /// No more comes. `sentBytes`: what the peer has sent on each of its connections.
    void finish(std::span<const std::uint64_t> sentBytes);

    /// "expected: ...; found: ..."; empty when all is well.
    const std::string& problem() const noexcept
    {
        return wrong;
    }

    /// Bytes received of a connection; complete after finish().
    std::uint64_t receivedBytes(std::size_t index) const noexcept
    {
        return index < received.size() ? received[index] : 0;
    }

private:
    bool takeBeginning(std::span<const std::byte>& bytes);
    bool beginConnection();
    bool compare(std::span<const std::byte>& bytes);
    bool fail(std::string problem);
    bool mayBeBeginningOf(std::size_t index, std::uint64_t sentBytes) const;
    std::string describeFound(std::span<const std::byte> bytes) const;

    const std::uint64_t seed;
    const LifePlan& plan;
    std::optional<RecordStream> stream;
    std::int64_t connection = -1;
    /// The beginning of a connection whose header is not complete: it is not known yet which.
    std::vector<std::byte> beginning;
    std::vector<std::uint64_t> received; // by connection
    std::string wrong;
};

} // namespace weft::soak
