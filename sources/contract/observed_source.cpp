#include <weft/sources/contract/allocation_count.hpp>
#include <weft/sources/contract/observed_source.hpp>

#include <array>
#include <utility>

namespace weft::contract
{

namespace
{

void openAndNote(Source& source, Observation& seen)
{
    ++seen.opensBegun;
    seen.reach(Moment::Opening);
    source.open();
    ++seen.opens;
    seen.reach(Moment::Opened);
}

void closeAndNote(Source& source, Observation& seen)
{
    seen.reach(Moment::Closing);
    ++seen.closes;
    source.close();
    seen.reach(Moment::Closed);
}

} // namespace

std::string_view toString(Moment moment) noexcept
{
    constexpr std::array<std::string_view, 7> Names{"opening",  "opened",  "filling", "filled",
                                                    "emitting", "closing", "closed"};
    return Names.at(static_cast<std::size_t>(moment));
}

void Observation::reach(Moment moment)
{
    latest = moment;
    if (at)
    {
        at(moment);
    }
}

std::unique_ptr<Source> observe(std::unique_ptr<Source> source, std::shared_ptr<Observation> seen,
                                std::shared_ptr<Observation> listener)
{
    auto* const listening = dynamic_cast<ListeningSource*>(source.get());
    if (listening == nullptr)
    {
        return std::make_unique<ObservedSource>(std::move(source), std::move(seen));
    }
    [[maybe_unused]] auto* const same = source.release();
    return std::make_unique<ObservedListeningSource>(std::unique_ptr<ListeningSource>(listening),
                                                     std::move(seen), std::move(listener));
}

ObservedSource::ObservedSource(std::unique_ptr<Source> observedSource,
                               std::shared_ptr<Observation> observation)
    : source(std::move(observedSource)),
      seen(std::move(observation))
{
    ++seen->constructions;
}

ObservedSource::~ObservedSource()
{
    source.reset();
    ++seen->destructions;
}

void ObservedSource::open()
{
    openAndNote(*source, *seen);
}

FillStatus ObservedSource::fillBuffer(Fill& fill)
{
    seen->reach(Moment::Filling);
    const auto before = allocationsOfThread();
    const auto status = source->fillBuffer(fill);
    const auto allocated = allocationsOfThread() - before;
    if (++seen->fills > Observation::WarmFills)
    {
        seen->warmAllocations += allocated;
    }
    seen->reach(Moment::Filled);
    return status;
}

void ObservedSource::close()
{
    closeAndNote(*source, *seen);
}

ObservedListeningSource::ObservedListeningSource(
    std::unique_ptr<ListeningSource> observedSource,
    std::shared_ptr<Observation> connectionsObservation,
    std::shared_ptr<Observation> ownObservation)
    : source(std::move(observedSource)),
      connectionsSeen(std::move(connectionsObservation)),
      seen(std::move(ownObservation))
{
    ++seen->constructions;
}

ObservedListeningSource::~ObservedListeningSource()
{
    source.reset();
    ++seen->destructions;
}

void ObservedListeningSource::open()
{
    openAndNote(*source, *seen);
}

void ObservedListeningSource::close()
{
    closeAndNote(*source, *seen);
}

std::unique_ptr<Source> ObservedListeningSource::nextConnection()
{
    return std::make_unique<ObservedSource>(source->nextConnection(), connectionsSeen);
}

} // namespace weft::contract
