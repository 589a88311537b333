#pragma once

#include <weft/reactor/simulation/feed.hpp>
#include <weft/reactor/simulation/flight.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>

namespace weft::simulation
{

class World;

/// The reading end of a connection or of a FIFO, and the writer at the other end, who follows a
/// plan and stops writing while the reader's buffer is full.
class ByteStream : public std::enable_shared_from_this<ByteStream>
{
public:
    /// `resetError` is what a reset is to the reader.
    ByteStream(World& world, FeedPlan plan, int resetError);

    /// The writer begins.
    void open();

    void read(Flight& flight);
    void poll(Flight& flight);
    bool withdraw(const Flight& flight);

    /// Whether the writer has reset it.
    bool isReset() const noexcept
    {
        return broken;
    }

    /// The reader has gone.
    void close();

private:
    void scheduleWriter(std::chrono::nanoseconds delay);
    void nextStep(std::chrono::nanoseconds delay);
    void write();
    void writeSome(const FeedStep& step);
    void serve();
    bool isReadable() const noexcept;
    std::int32_t takeInto(const Operation& operation);
    std::int32_t takePreface(const Operation& operation);

    World& world;
    const FeedPlan plan;
    const int resetError;
    const std::uint64_t capacityBytes;

    std::string_view preface; // written and not read
    std::size_t step = 0;
    std::uint64_t writtenInStep = 0;
    std::uint64_t writtenBytes = 0;
    std::uint64_t takenBytes = 0;
    bool begun = false;
    bool writerWaits = false; // for room
    bool finished = false;
    bool broken = false;
    bool closed = false;
    int error = 0; // to be told to the next reader
    std::deque<std::uint64_t> readers;
    std::deque<std::uint64_t> pollers;
};

} // namespace weft::simulation
