#pragma once

#include <weft/sources/listening_source.hpp>
#include <weft/sources/source.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace weft::contract
{

/// A place in the life of a source, on its own fiber or thread.
enum class Moment : std::uint8_t
{
    Opening, // before open()
    Opened,
    Filling, // before fillBuffer()
    Filled,
    Emitting, // in the emit function, with data
    Closing,  // before close()
    Closed,
};

std::string_view toString(Moment moment) noexcept;

/// What is seen of a source while it runs. Any thread.
struct Observation
{
    /// The first so many calls of fillBuffer may set up what the later ones use.
    static constexpr std::uint64_t WarmFills = 16;

    /// Called at each moment, on the source's fiber; may be empty.
    std::function<void(Moment)> at;

    std::atomic<Moment> latest = Moment::Opening;
    std::atomic<std::uint64_t> opensBegun = 0;
    std::atomic<std::uint64_t> opens = 0; // that returned
    std::atomic<std::uint64_t> closes = 0;
    std::atomic<std::uint64_t> fills = 0;
    std::atomic<std::uint64_t> warmAllocations = 0; // after the first fills
    std::atomic<std::uint64_t> constructions = 0;
    std::atomic<std::uint64_t> destructions = 0;

    void reach(Moment moment);
};

/// Passes on to the source what is asked of it, and notes it with `seen`. Of one that listens
/// `seen` is what becomes of its connections, and `listener` what becomes of itself.
std::unique_ptr<Source> observe(std::unique_ptr<Source> source, std::shared_ptr<Observation> seen,
                                std::shared_ptr<Observation> listener);

/// A source that does not listen, or a connection of one that does.
class ObservedSource final : public Source
{
public:
    ObservedSource(std::unique_ptr<Source> observedSource,
                   std::shared_ptr<Observation> observation);

    ~ObservedSource() override;

    void open() override;
    FillStatus fillBuffer(Fill& fill) override;
    void close() override;

    StackClass stackClass() const noexcept override
    {
        return source->stackClass();
    }

    std::uint64_t messagesLost() const noexcept override
    {
        return source->messagesLost();
    }

    std::string describe() const override
    {
        return source->describe();
    }

private:
    std::unique_ptr<Source> source;
    std::shared_ptr<Observation> seen;
};

/// Its connections are observed, too.
class ObservedListeningSource final : public ListeningSource
{
public:
    ObservedListeningSource(std::unique_ptr<ListeningSource> observedSource,
                            std::shared_ptr<Observation> connectionsObservation,
                            std::shared_ptr<Observation> ownObservation);

    ~ObservedListeningSource() override;

    void open() override;
    void close() override;
    std::unique_ptr<Source> nextConnection() override;

    ConnectionLimits limits() const noexcept override
    {
        return source->limits();
    }

    StackClass stackClass() const noexcept override
    {
        return source->stackClass();
    }

    std::uint64_t messagesLost() const noexcept override
    {
        return source->messagesLost();
    }

    std::string describe() const override
    {
        return source->describe();
    }

private:
    std::unique_ptr<ListeningSource> source;
    std::shared_ptr<Observation> connectionsSeen;
    std::shared_ptr<Observation> seen;
};

} // namespace weft::contract
