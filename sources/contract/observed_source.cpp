#include <weft/sources/contract/allocation_count.hpp>
#include <weft/sources/contract/observed_source.hpp>

#include <array>

namespace weft::contract
{

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

ObservedSource::~ObservedSource()
{
    source.reset();
    ++seen->destructions;
}

void ObservedSource::open()
{
    seen->reach(Moment::Opening);
    source->open();
    ++seen->opens;
    seen->reach(Moment::Opened);
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
    seen->reach(Moment::Closing);
    ++seen->closes;
    source->close();
    seen->reach(Moment::Closed);
}

} // namespace weft::contract
