#include "sim_options.hpp"

#include <weft/reactor/runtime_options.hpp>
#include <weft/reactor/usable_cpus.hpp>
#include <weft/sources/quantity.hpp>

#include "usage_error.hpp"
#include "whole_number_option.hpp"

#include <array>
#include <limits>
#include <utility>

namespace weft::sim
{

namespace
{

using namespace std::chrono_literals;

// A worker of some size for one seed; of many seeds each is small.
constexpr std::uint32_t SourcesOfOne = 200;
constexpr std::uint32_t SourcesOfMany = 16;
constexpr std::chrono::nanoseconds DurationOfOne = 1h;
constexpr std::chrono::nanoseconds DurationOfMany = 20min;

std::uint64_t parseSeed(const char* option, const std::string& text)
{
    return static_cast<std::uint64_t>(
        tools::parseWholeNumberOption(option, text, 0, std::numeric_limits<std::int64_t>::max(),
                                      "a whole number from 0 to 9223372036854775807"));
}

std::chrono::nanoseconds parseSimulatedTime(const std::string& text)
{
    const auto duration = parseDuration(text);
    if (!duration || *duration < 1s || *duration > 24h * 30)
    {
        throw InvalidOption("--duration", text, "1s to 720h");
    }
    return *duration;
}

Mistake parseMistake(const std::string& text)
{
    constexpr auto Names = std::to_array<std::pair<const char*, Mistake>>(
        {{"", Mistake::None},
         {"none", Mistake::None},
         {"resume-at-cancellation", Mistake::ResumeAtCancellation},
         {"drop-raced-bytes", Mistake::DropRacedBytes},
         {"lose-wake-up", Mistake::LoseWakeUp},
         {"lend-twice", Mistake::LendTwice},
         {"forget-waiter", Mistake::ForgetWaiter}});
    for (const auto& [name, mistake] : Names)
    {
        if (text == name)
        {
            return mistake;
        }
    }
    throw InvalidOption("--mistake", text,
                        "resume-at-cancellation, drop-raced-bytes, lose-wake-up, lend-twice, "
                        "forget-waiter or none");
}

std::uint32_t parseSources(const std::string& text, std::uint32_t otherwise)
{
    return text.empty() ? otherwise
                        : static_cast<std::uint32_t>(tools::parseWholeNumberOption(
                              "--sources", text, 1, 5000, "1 to 5000"));
}

void refuseContradictions(const SimArguments& arguments)
{
    const int ways = (arguments.seed.empty() ? 0 : 1) + (arguments.seeds.empty() ? 0 : 1) +
                     (arguments.untilStopped ? 1 : 0);
    if (ways != 1)
    {
        throw tools::UsageError("one of --seed S, --seeds N and --until-stopped is needed\n"
                                "'weft-sim --help' tells more");
    }
}

} // namespace

SimOptions::SimOptions(const SimArguments& arguments)
    : firstSeed(parseSeed("--first-seed", arguments.firstSeed)),
      keepGoing(arguments.keepGoing),
      report(arguments.report)
{
    refuseContradictions(arguments);
    const bool one = !arguments.seed.empty();
    if (one)
    {
        seed = parseSeed("--seed", arguments.seed);
    }
    if (!arguments.seeds.empty())
    {
        seeds = static_cast<std::uint64_t>(tools::parseWholeNumberOption(
            "--seeds", arguments.seeds, 1, 1'000'000'000'000, "1 to 1000000000000"));
    }
    worker.sources = parseSources(arguments.sources, one ? SourcesOfOne : SourcesOfMany);
    worker.duration = arguments.duration.empty() ? (one ? DurationOfOne : DurationOfMany)
                                                 : parseSimulatedTime(arguments.duration);
    worker.eventsShown = static_cast<std::size_t>(
        tools::parseWholeNumberOption("--events", arguments.events, 0, 4096, "0 to 4096"));
    worker.mistake = parseMistake(arguments.mistake);
    jobs = arguments.jobs.empty() ? findUsableCpus().reactorCount()
                                  : static_cast<std::size_t>(tools::parseWholeNumberOption(
                                        "--jobs", arguments.jobs, 1, 1024, "1 to 1024"));
}

} // namespace weft::sim
