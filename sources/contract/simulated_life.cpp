#include <weft/reactor/io.hpp>
#include <weft/reactor/simulation/simulation.hpp>
#include <weft/sources/async_source_runner.hpp>
#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/simulated_life.hpp>
#include <weft/sources/contract/simulated_plan.hpp>
#include <weft/sources/contract/watch.hpp>
#include <weft/sources/source_registry.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace weft::contract
{

using namespace std::chrono_literals;
using namespace weft::simulation;

namespace
{

constexpr OriginId SimulatedOrigin = 17;
constexpr const char* Host = "10.0.0.1";
constexpr std::uint16_t Port = 9000;
constexpr const char* Path = "/contract/input";

// In simulated time.
constexpr auto LifeMost = 20s;
/// Calls on other threads take up to 10 s there, and cannot be ended.
constexpr auto StopMost = 30s;
constexpr auto BetweenLooks = 50ms;

class SimulatedLife
{
public:
    SimulatedLife(const Subject& lifeSubject, std::uint64_t seed, std::optional<std::uint64_t> stop)
        : subject(lifeSubject),
          plan(seed),
          stopAtStep(stop),
          simulation({.seed = seed, .faults = plan.faults}),
          peer(subject.makePeer()),
          parameters(enterWorld())
    {
        simulation.onFailure(
            [seed](const std::string& reason)
            {
                giveUp(fmt::format("simulated machine, seed {}: {}", seed, reason));
            });
    }

    SimulatedOutcome run()
    {
        {
            auto options = simulation.runtimeOptions();
            options.buffersPerReactor = 4;
            options.threadBuffers = 0;
            options.bufferSizeBytes = 1024;
            options.stacksPerReactor = {8, 4, 4};
            Runtime runtime(options);
            simulation.afterEachStep(
                [this]
                {
                    step();
                });
            simulation.after(0ns, "the source starts",
                             [&]
                             {
                                 start(runtime);
                             });
            simulation.run();
            runner.reset();
        }
        checkEnd();
        return std::move(outcome);
    }

private:
    ParameterTexts enterWorld()
    {
        if (auto atAddress = peer->atSimulatedAddress(Host, Port))
        {
            simulation.addEndpoint(Host, Port,
                                   [this]() -> ConnectAnswer
                                   {
                                       if (plan.refuses)
                                       {
                                           return Refusal{.error = ECONNREFUSED};
                                       }
                                       return FeedPlan{.content = ++contents,
                                                       .steps = plan.steps,
                                                       .preface = peer->simulatedPreface()};
                                   });
            return std::move(*atAddress);
        }
        if (auto atPath = peer->atSimulatedPath(Path))
        {
            simulation.addFile(Path,
                               [this]() -> OpenAnswer
                               {
                                   return openFile();
                               });
            return std::move(*atPath);
        }
        skip(*peer, Ability::Simulation);
    }

    OpenAnswer openFile()
    {
        if (plan.refuses)
        {
            return Refusal{.error = EACCES};
        }
        if (dynamic_cast<ProducingPeer*>(peer.get()) != nullptr)
        {
            return RegularFile{.content = ++contents,
                               .sizeBytes = static_cast<std::uint64_t>(plan.sizeBytes)};
        }
        return FeedPlan{
            .content = ++contents, .steps = plan.steps, .preface = peer->simulatedPreface()};
    }

    void start(Runtime& runtime)
    {
        const auto& type = *SourceRegistry::instance().find(subject.type);
        ParameterTexts texts{{"flush_interval", plan.flushInterval}};
        retries = plan.retries && type.find("reconnect_attempts") != nullptr;
        if (retries)
        {
            texts.merge(ParameterTexts{{"reconnect_attempts", "5"},
                                       {"reconnect_pause_min", "1ms"},
                                       {"reconnect_pause_max", "50ms"}});
        }
        texts.merge(ParameterTexts(parameters));
        const SourceDescriptor descriptor("contract", subject.type, texts);
        seen->at = [this](Moment moment)
        {
            if (moment == Moment::Opening)
            {
                isOpened = false;
            }
            else if (moment == Moment::Opened)
            {
                isOpened = true;
                offsetBytes = 0;
            }
            else if (moment == Moment::Closed)
            {
                checkAllEmitted();
            }
        };
        runner = std::make_unique<AsyncSourceRunner>(
            runtime, SimulatedOrigin, SourceRunnerOptions::from(descriptor),
            std::make_unique<ObservedSource>(type.make(descriptor), seen));
        // It is the first start, and is not refused.
        [[maybe_unused]] const bool started = runner->start(
            [this](OriginId, SourceEvent event)
            {
                take(std::move(event));
            });
        look();
    }

    void step()
    {
        if (runner == nullptr || over)
        {
            return;
        }
        ++outcome.steps;
        if (stopAtStep == outcome.steps)
        {
            simulation.after(0ns, "somebody stops the source",
                             [this]
                             {
                                 stop();
                             });
        }
    }

    void stop()
    {
        if (!stopped)
        {
            stopped = simulation.now();
            endedBeforeStop = ended;
            runner->stop();
        }
    }

    void take(SourceEvent event)
    {
        if (ended)
        {
            problem("an event follows the last one");
        }
        const auto* const data = std::get_if<SourceData>(&event);
        if (data == nullptr)
        {
            ended = true;
            takeLast(event);
            return;
        }
        const auto bytes = data->buffer.bytes();
        if (const auto wrong = firstDifference(contents, offsetBytes, bytes))
        {
            problem(
                fmt::format("byte {} of the stream is not what was sent", offsetBytes + *wrong));
        }
        offsetBytes += bytes.size();
        if (plan.consumerPause > 0ns)
        {
            [[maybe_unused]] const auto slept = io::sleepFor(plan.consumerPause);
        }
    }

    void takeLast(const SourceEvent& event)
    {
        const auto account = simulation.account(contents);
        if (const auto* const failure = std::get_if<SourceFailure>(&event))
        {
            if (!failure->code)
            {
                problem("a failure without an error code: " + failure->message);
            }
            // It was not let in, or a read has told it of an error, or what it wrote to one who
            // had gone.
            const bool isCaused =
                !isOpened || account.errorTold != 0 || failure->code == std::errc::broken_pipe;
            if (!isCaused)
            {
                problem("a failure that nothing has caused: " + failure->message);
            }
            return;
        }
        if (stopped && !endedBeforeStop)
        {
            problem("an end of stream after a stop");
        }
        if (!account.endTold)
        {
            problem("an end of stream that the peer has not said");
        }
        if (account.errorTold != 0)
        {
            problem("an end of stream in place of an error");
        }
    }

    /// What came out of the world and was not emitted is lost.
    void checkAllEmitted()
    {
        const auto delivered = simulation.account(contents).deliveredBytes;
        const bool mayLose = stopped && peer->readsAhead();
        if (delivered != offsetBytes && !mayLose)
        {
            problem(fmt::format("reads have brought {} bytes, and {} were emitted", delivered,
                                offsetBytes));
        }
    }

    /// Now and then: whether it is over.
    void look()
    {
        const auto state = runner->statistics().state;
        const bool isOver = state == SourceState::Ended || state == SourceState::Failed ||
                            state == SourceState::Stopped;
        if (isOver && runner->tryStop(0ns) == TryStopResult::Success)
        {
            over = true;
            simulation.end();
            return;
        }
        const auto now = simulation.now();
        if (stopped && now > *stopped + StopMost)
        {
            giveUp(
                fmt::format("on a simulated machine the source has not stopped in {} s; it is {}",
                            StopMost / 1s, toString(seen->latest)));
        }
        if (now > simulation.startTime() + LifeMost)
        {
            stop();
        }
        simulation.after(BetweenLooks, "is it over",
                         [this]
                         {
                             look();
                         });
    }

    void checkEnd()
    {
        if (seen->opens != seen->closes)
        {
            problem(fmt::format("{} opens and {} closes", seen->opens.load(), seen->closes.load()));
        }
        if (simulation.openDescriptors() != 0)
        {
            problem(fmt::format("{} descriptors are still open", simulation.openDescriptors()));
        }
        const bool isFile = dynamic_cast<ProducingPeer*>(peer.get()) != nullptr;
        const auto lastStep = plan.steps.empty() ? FeedStep::Kind::Pause : plan.steps.back().kind;
        // What is opened again after each reset goes on as long as it is let.
        const bool finishes = isFile || lastStep == FeedStep::Kind::Finish ||
                              (lastStep == FeedStep::Kind::Reset && !retries);
        if (finishes && !stopAtStep && !ended)
        {
            problem("the stream has ended, and the source has not said so");
        }
    }

    void problem(std::string what)
    {
        outcome.problems.push_back(std::move(what));
    }

    const Subject& subject;
    SimulatedPlan plan;
    const std::optional<std::uint64_t> stopAtStep;
    Simulation simulation;
    std::unique_ptr<SourcePeer> peer;
    ContentId contents = 0; // each time that it opens, the next
    const ParameterTexts parameters;
    std::shared_ptr<Observation> seen = std::make_shared<Observation>();
    std::unique_ptr<SourceRunner> runner;
    SimulatedOutcome outcome;
    std::uint64_t offsetBytes = 0; // emitted of the content
    std::optional<Clock::time_point> stopped;
    bool retries = false;
    bool isOpened = false; // by the latest attempt
    bool endedBeforeStop = false;
    bool ended = false;
    bool over = false;
};

} // namespace

SimulatedOutcome simulateLife(const Subject& subject, std::uint64_t seed,
                              std::optional<std::uint64_t> stopAtStep)
{
    SimulatedLife life(subject, seed, stopAtStep);
    const Watch watch(fmt::format(
        "on the simulated machine of seed {} the source goes round without waiting", seed));
    return life.run();
}

} // namespace weft::contract
