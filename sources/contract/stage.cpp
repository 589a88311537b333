#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/stage.hpp>
#include <weft/sources/source_registry.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <system_error>

namespace weft::contract
{

namespace
{

/// As the runtime's own fallback decides: by what the machine does not allow.
bool isRefusal(const std::error_code& error)
{
    return error == std::errc::function_not_supported ||
           error == std::errc::operation_not_permitted || error == std::errc::invalid_argument;
}

std::string_view withoutIt(Ability missing)
{
    switch (missing)
    {
    case Ability::Unreachable:
        return "the peer has no unreachable()";
    case Ability::Unanswering:
        return "the peer has no unanswering()";
    case Ability::Simulation:
        return "the simulator has no such peer";
    case Ability::NothingAllocated:
        return "the peer says mayAllocate()";
    case Ability::End:
        return "the peer's streams do not end";
    case Ability::Reset:
        return "the peer's connection does not break";
    }
    return {};
}

} // namespace

void skip(const SourcePeer& peer, Ability missing)
{
    const auto reason = peer.whyNot(missing);
    throw NotApplicable(
        fmt::format("{}{}{}", withoutIt(missing), reason.empty() ? "" : ": ", reason));
}

void Stage::open(std::uint32_t buffers)
{
    RuntimeOptions options;
    options.reactors = 1;
    options.pin = false;
    options.buffersPerReactor = buffers;
    options.threadBuffers = buffers;
    options.bufferSizeBytes = 1024;
    options.stacksPerReactor = {64, 64, 32};
    options.engine = engine;
    try
    {
        runtime.emplace(options);
    }
    catch (const std::system_error& error)
    {
        if (engine == EngineKind::IoUring && isRefusal(error.code()))
        {
            throw NotApplicable(fmt::format("this machine refuses io_uring: {}", error.what()));
        }
        throw;
    }
}

std::unique_ptr<LivePeer> Stage::makeLivePeer() const
{
    auto peer = subject.makePeer();
    auto* const live = dynamic_cast<LivePeer*>(peer.get());
    if (live == nullptr)
    {
        throw NotApplicable("the peer does not do as it is told");
    }
    [[maybe_unused]] auto* const same = peer.release();
    return std::unique_ptr<LivePeer>(live);
}

std::unique_ptr<ClientPeer> Stage::makeClientPeer() const
{
    auto peer = subject.makePeer();
    auto& client = dynamic_cast<ClientPeer&>(*peer);
    [[maybe_unused]] auto* const same = peer.release();
    return std::unique_ptr<ClientPeer>(&client);
}

std::unique_ptr<Trial> Stage::makeTrial(ParameterTexts parameters, ParameterTexts overrides)
{
    constexpr const char* Total = "connections_total";
    if (hasParameter(Total))
    {
        overrides.try_emplace(Total, "1");
    }
    return std::make_unique<Trial>(*runtime, execution, subject.type, std::move(parameters),
                                   std::move(overrides));
}

bool Stage::hasParameter(std::string_view name) const
{
    const auto* const type = SourceRegistry::instance().find(subject.type);
    return type != nullptr && type->find(name) != nullptr;
}

std::string Stage::fibersLeft() const
{
    std::string names;
    awaitCondition(
        [&]
        {
            names.clear();
            for (const auto& fiber : runtime->fibers())
            {
                names += fmt::format(" '{}'", fiber.name);
            }
            return names.empty();
        });
    return names;
}

std::string recordOf(std::size_t number)
{
    return fmt::format("{:07}:{}", number,
                       std::string(number * 7 % 90, static_cast<char>('a' + number % 26)));
}

void runStream(Trial& trial, SourcePeer& peer, std::size_t records, bool eachAwaited)
{
    if (auto* const producing = dynamic_cast<ProducingPeer*>(&peer))
    {
        trial.expect(producing->content());
        trial.expectEnd();
        trial.start();
        trial.awaitOver();
        return;
    }
    auto& live = dynamic_cast<LivePeer&>(peer);
    trial.start();
    trial.meet(live);
    for (std::size_t number = 0; number < records; ++number)
    {
        if (!trial.send(live, recordOf(number)))
        {
            trial.awaitOver(); // its connection may go before it says so
            return;
        }
        if (eachAwaited && !trial.awaitExpected())
        {
            return;
        }
    }
    if (!trial.awaitExpected())
    {
        return;
    }
    if (live.end())
    {
        trial.expectEnd();
        trial.awaitOver();
    }
}

bool stopAtMoment(Stage& stage, Moment moment, std::uint64_t nth)
{
    SCOPED_TRACE(fmt::format("stopped when {}, time {}", toString(moment), nth));
    const auto peer = stage.makePeer();
    const auto trial = stage.makeTrial(peer->configuration(), {{"flush_interval", "0"}});
    trial->stopAt(moment, nth);
    if (moment == Moment::Opening)
    {
        // The peer need not see anything of it.
        trial->start();
        trial->awaitOver();
    }
    else
    {
        runStream(*trial, *peer, 6, true);
    }
    if (trial->stoppedItself())
    {
        // The peer may see that it closes a moment before it is over.
        trial->awaitOver();
    }
    const auto state = trial->runner().statistics().state;
    trial->conclude();
    return state == SourceState::Stopped;
}

} // namespace weft::contract
