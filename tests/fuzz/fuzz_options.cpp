#include <weft/reactor/runtime_options.hpp>

#include "demo_options.hpp"
#include "serve_options.hpp"
#include "soak_options.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_fields.hpp"

/// The values on the command lines of `weft serve`, `weft demo` and `weft-soak`: lines of
/// OPTION=TEXT, of which each program takes those that it knows.

namespace weft::fuzz
{

namespace
{

using namespace weft::tools;
using namespace weft::soak;

void take(const Fields& fields, std::string_view name, std::string& value)
{
    if (const auto found = fields.find(name); found != fields.end())
    {
        value = found->second;
    }
}

template <typename Number>
void requireWithin(Number value, Number least, Number most, std::string_view option)
{
    require(value >= least && value <= most, "the value of the option is in its bounds", option);
}

/// A refusal is an InvalidOption that names the option and the text that was given for it.
template <typename Check>
void refusesByName(const Fields& fields, Check check)
{
    try
    {
        check();
    }
    catch (const InvalidOption& error)
    {
        require(error.option().starts_with("--"), "a refusal names the option", error.what());
        const auto given = fields.find(std::string_view(error.option()).substr(2));
        require(given != fields.end(), "what is refused was given", error.what());
        requireNames(error, {error.option(), given->second, "allowed: "});
    }
}

void checkServe(const Fields& fields)
{
    ServeArguments arguments;
    arguments.port = "0";
    take(fields, "port", arguments.port);
    take(fields, "rate", arguments.rate);
    take(fields, "connections", arguments.connections);
    take(fields, "repeat", arguments.repeat);
    take(fields, "chunk", arguments.chunk);
    take(fields, "reactors", arguments.reactors);
    const ServeOptions options(arguments);
    requireWithin<std::size_t>(options.reactors, 1, 1024, "--reactors");
    requireWithin<std::size_t>(options.chunkBytes.value_or(1), 1, std::size_t{1} << 30, "--chunk");
    require(options.plan.repeats > 0, "data is sent at least once", arguments.repeat);
    require((options.plan.connectionsMax == 0) == (arguments.connections == "unlimited"),
            "only 'unlimited' is without limit", arguments.connections);
    require(options.plan.sendBytesMax > 0, "a send takes bytes", arguments.chunk);
}

void checkDemo(const Fields& fields)
{
    DemoArguments arguments;
    take(fields, "sources", arguments.sources);
    take(fields, "files", arguments.files);
    take(fields, "repeat", arguments.repeat);
    take(fields, "reactors", arguments.reactors);
    take(fields, "workers", arguments.workers);
    const DemoOptions options(arguments);
    requireWithin<std::size_t>(options.sources, 1, 28'000, "--sources");
    requireWithin<std::size_t>(options.files, 0, 10'000, "--files");
    requireWithin<std::size_t>(options.reactors, 0, 1024, "--reactors");
    requireWithin<std::size_t>(options.workers, 1, 1024, "--workers");
    require((options.repeats == 0) == (arguments.repeat == "auto"), "only 'auto' is zero",
            arguments.repeat);
}

void checkSoak(const Fields& fields)
{
    using namespace std::chrono_literals;
    SoakArguments arguments;
    take(fields, "minutes", arguments.minutes);
    take(fields, "seed", arguments.seed);
    take(fields, "sources", arguments.sources);
    take(fields, "reactors", arguments.reactors);
    take(fields, "round", arguments.round);
    take(fields, "memory-growth", arguments.memoryGrowth);
    take(fields, "watchdog", arguments.watchdog);
    take(fields, "plant", arguments.plant);
    const SoakOptions options(arguments);
    requireWithin<std::chrono::nanoseconds>(options.duration, 600ms, 43'200min, "--minutes");
    requireWithin<std::uint32_t>(options.sources, 1, 5000, "--sources");
    requireWithin<std::size_t>(options.reactors, 0, 1024, "--reactors");
    requireWithin<std::chrono::nanoseconds>(options.round, 100ms, 10min, "--round");
    requireWithin<std::chrono::nanoseconds>(options.watchdog, 100ms, 1h, "--watchdog");
    requireWithin<std::int64_t>(options.memoryGrowthBytes, 0, std::int64_t{1} << 40,
                                "--memory-growth");
}

void checkOptions(std::string_view input)
{
    if (input.find('\0') != std::string_view::npos)
    {
        return; // which ends an argument of a program
    }
    const auto fields = splitFields(input);
    for (const auto check : {checkServe, checkDemo, checkSoak})
    {
        refusesByName(fields,
                      [&]
                      {
                          check(fields);
                      });
    }
}

} // namespace

} // namespace weft::fuzz

WEFT_FUZZ_TARGET(options, weft::fuzz::checkOptions)
