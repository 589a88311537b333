#pragma once

#include "plan.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weft::soak
{

/// The bytes of one connection, made anew by whoever needs them: the peer to send them, the checker
/// to compare. Records of random sizes, each with a header in text:
///
///     marker, source, round, life, connection, sequence number, size, checksum
///
/// The marker of a connection's first record is a byte that occurs nowhere else, so that a source
/// that has connected again shows it.
class RecordStream
{
public:
    static constexpr std::byte FirstMarker{0xFF};
    static constexpr std::byte Marker{'R'};
    static constexpr std::size_t HeaderBytes = 55;

    /// `totalBytes` cuts the last record.
    RecordStream(std::uint64_t seed, const LifePlan& plan, std::uint32_t connectionIndex);

    /// What is left of the current record; empty at the end.
    std::span<const std::byte> rest() const noexcept
    {
        return std::span(record).subspan(taken);
    }

    void advance(std::size_t sizeBytes);

    /// Bytes that advance() has gone over.
    std::uint64_t offsetBytes() const noexcept
    {
        return offset;
    }

    std::uint64_t sequenceNumber() const noexcept
    {
        return sequence;
    }

    std::uint64_t totalBytes() const noexcept
    {
        return total;
    }

private:
    void makeRecord();

    std::uint64_t seed;
    LifeId id;
    std::uint32_t connection;
    std::uint32_t recordBytesMax;
    std::uint64_t total;
    std::uint64_t offset = 0;
    std::uint64_t sequence = 0;
    std::size_t taken = 0;
    std::vector<std::byte> record;
};

/// What the header of a record says.
struct RecordHeader
{
    std::uint32_t source = 0;
    std::uint32_t round = 0;
    std::uint32_t life = 0;
    std::uint32_t connection = 0;
    std::uint64_t sequence = 0;
    std::uint32_t sizeBytes = 0;
};

/// False when the bytes, at least HeaderBytes, are no header.
bool parseHeader(std::span<const std::byte> bytes, RecordHeader& header);

} // namespace weft::soak
