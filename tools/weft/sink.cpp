#include "sink.hpp"

#include "count_sink.hpp"
#include "files_sink.hpp"
#include "ingest_plan.hpp"

namespace weft::tools
{

namespace
{

class DiscardSink final : public Sink
{
public:
    void accept(std::size_t /*source*/, std::uint64_t /*connection*/,
                std::span<const std::byte> /*bytes*/) override
    {
    }

    void finishConnection(std::size_t /*source*/, std::uint64_t /*connection*/) override
    {
    }

    void finish(std::size_t /*source*/) override
    {
    }
};

} // namespace

std::unique_ptr<Sink> makeSink(const IngestPlan& plan)
{
    switch (plan.sink.kind)
    {
    case SinkKind::Count:
        return std::make_unique<CountSink>(plan.sources.size());
    case SinkKind::Files:
        return std::make_unique<FilesSink>(plan);
    case SinkKind::Discard:
        break;
    }
    return std::make_unique<DiscardSink>();
}

} // namespace weft::tools
