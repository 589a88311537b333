#include <weft/sources/source_registry.hpp>

#include "child_program.hpp"
#include "tests/support/temporary_directory.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

/// Every wrong configuration gives exit code 2 and one message: file, line, key, what is wrong and
/// what is allowed. Nothing has been opened by then.

namespace weft::test
{

namespace
{

struct WrongConfig
{
    std::string name;
    std::string text;
    /// Without the "weft: FILE:" before it. TYPES stands for the names of all types of source.
    std::string message;
};

/// Which types there are depends on what is built.
std::string withTypes(std::string message)
{
    constexpr std::string_view Mark = "TYPES";
    if (const auto at = message.find(Mark); at != std::string::npos)
    {
        message.replace(at, Mark.size(),
                        fmt::format("{}", fmt::join(SourceRegistry::instance().names(), ", ")));
    }
    return message;
}

/// In the list of tests.
void PrintTo(const WrongConfig& wrong, std::ostream* stream)
{
    *stream << wrong.name;
}

class ConfigErrorTest : public testing::TestWithParam<WrongConfig>
{
};

std::string withSource(const std::string& lines)
{
    return "sources:\n  - name: feed\n    type: tcp\n    host: localhost\n" + lines;
}

constexpr auto TcpKeys =
    "name, type, count, host, port, connect_timeout, delay_acks, tls, tls_ca, "
    "tls_certificate, tls_key, tls_server_name, tls_verify, "
    "reconnect_attempts, reconnect_time, reconnect_pause_min, reconnect_pause_max, "
    "flush_interval, execution, buffers_in_flight_max";
constexpr auto TopKeys = "runtime, workers, sink, sources";

const std::string GoodSources = "sources: [{name: log, type: file, path: data}]\n";

const std::vector<WrongConfig> WrongSources{
    {"pausesThatContradict",
     withSource("    port: 9000\n    reconnect_attempts: 3\n    reconnect_pause_min: 20s\n"),
     "7: key 'sources[0].reconnect_pause_min' is '20s'; allowed: at most "
     "reconnect_pause_max, which is 10s"},
    {"timeWithoutAttempts", withSource("    port: 9000\n    reconnect_time: 1s\n"),
     "6: key 'sources[0].reconnect_time' is '1s', but reconnect_attempts is 0, so "
     "nothing is tried again; give reconnect_attempts too"},
    {"portOutOfRange", withSource("    port: 70000\n"),
     "5: key 'sources[0].port' is 70000; allowed: 1 to 65535"},
    {"portNotANumber", withSource("    port: http\n"),
     "5: key 'sources[0].port' is http; allowed: 1 to 65535"},
    {"portWithoutValue", withSource("    port:\n"),
     "5: key 'sources[0].port' has no value; allowed: 1 to 65535"},
    {"portIsAList", withSource("    port: [1, 2]\n"),
     "5: key 'sources[0].port' is a list; allowed: 1 to 65535"},
    {"portRangeWithoutCount", withSource("    port: 9000-9009\n"),
     "5: key 'sources[0].port' is 9000-9009; allowed: 1 to 65535; a range needs a count above 1"},
    {"portRangeTooFar", withSource("    count: 9\n    port: 65530-65540\n"),
     "6: key 'sources[0].port' is 65530-65540; allowed: a range A-B within 1 to 65535"},
    {"portRangeBackwards", withSource("    count: 9\n    port: 9001-9000\n"),
     "6: key 'sources[0].port' is 9001-9000; allowed: a range A-B within 1 to 65535"},
    {"missingPort", withSource(""),
     "2: key 'sources[0].port' is missing; a tcp source needs it (port of the server); allowed: "
     "1 to 65535"},
    {"durationWithoutUnit", withSource("    port: 1\n    connect_timeout: 10\n"),
     "6: key 'sources[0].connect_timeout' is 10; allowed: a duration of at least 1ms, such as "
     "250ms; with unit ns, us, ms, s, m or h, below 2500000h"},
    {"durationTooShort", withSource("    port: 1\n    connect_timeout: 10us\n"),
     "6: key 'sources[0].connect_timeout' is 10us; allowed: a duration of at least 1ms, such as "
     "250ms"},
    {"durationBeyondTheClock", withSource("    port: 1\n    flush_interval: 2500000h\n"),
     "6: key 'sources[0].flush_interval' is 2500000h; allowed: a duration of at least 0ns, such as "
     "250ms; with unit ns, us, ms, s, m or h, below 2500000h"},
    {"valueWithNul", "sources:\n- {name: a, type: file, path: \"da\\0ta\"}\n",
     "2: key 'sources[0].path' has a NUL byte in its value; allowed: a text that is not empty"},
    {"keyWithNul", GoodSources + "\"work\\0ers\": 2\n",
     "2: key 'work' has a NUL byte; allowed: text without one"},
    {"unknownKey", withSource("    prot: 9000\n"),
     std::string("5: key 'sources[0].prot' is not known; allowed: ") + TcpKeys +
         "; did you mean 'port'?"},
    {"keyTwice", withSource("    port: 1\n    port: 2\n"),
     "6: key 'sources[0].port' is there twice, first in line 5; allowed: once"},
    {"unknownType", "sources:\n- {name: a, type: tpc}\n",
     "2: key 'sources[0].type' is tpc; allowed: TYPES; did you mean 'tcp'?"},
    {"missingType", "sources:\n- {name: a}\n",
     "2: key 'sources[0].type' is missing; allowed: TYPES"},
    {"missingName", "sources:\n- {type: file, path: data}\n",
     "2: key 'sources[0].name' is missing; each source needs one"},
    {"nameWithSlash", "sources:\n- {name: ../a, type: file, path: data}\n",
     "2: key 'sources[0].name' is ../a; allowed: 1 to 200 characters, no '/', no control "
     "characters, not '.' or '..'"},
    {"countOfZero", "sources:\n- {name: a, count: 0, type: file, path: data}\n",
     "2: key 'sources[0].count' is 0; allowed: 1 to 1000000"},
    {"twoSourcesOfOneName",
     "sources:\n- {name: a, type: file, path: x}\n- {name: b, type: file, path: x}\n"
     "- name: a\n  type: file\n  path: x\n",
     "4: key 'sources[2].name' makes a second source 'a', as sources[0] in line 2 does; allowed: a "
     "name of its own for each source"},
    {"aCopyHasTheNameOfAnother",
     "sources:\n- {name: a, count: 3, type: file, path: x}\n- {name: a-1, type: file, path: x}\n",
     "3: key 'sources[1].name' makes a second source 'a-1', as sources[0] in line 2 does; allowed: "
     "a name of its own for each source"},
    {"valueThatTheSourceItselfRefuses",
     "sources:\n- name: a\n  type: generator\n  schema: id:text(0)\n",
     "4: key 'sources[0].schema' has the field 'id' as 'text(0)'; allowed: text(LENGTH) with 1 to "
     "65536"},
    {"sourceIsText", "sources:\n- feed\n",
     "2: key 'sources[0]' is feed; allowed: a map with the keys name, type and the parameters of "
     "the type"},
    {"noSources", "workers: 2\n", "1: key 'sources' is missing; allowed: a list of sources"},
    {"emptyList", "\nsources: []\n",
     "2: key 'sources' is an empty list; allowed: a list of one source or more"},
    {"sourcesIsAMap", "sources: {name: a}\n",
     "1: key 'sources' is a map; allowed: a list of one source or more"},
};

const std::vector<WrongConfig> WrongRest{
    {"unknownTopKey", "source: []\n",
     std::string("1: key 'source' is not known; allowed: ") + TopKeys +
         "; did you mean 'sources'?"},
    {"noWorkers", "workers: 0\n" + GoodSources, "1: key 'workers' is 0; allowed: 1 to 256"},
    {"unknownSink", "\nsink: cuont\n" + GoodSources,
     "2: key 'sink' is cuont; allowed: count, discard, or {type: files, directory: DIRECTORY, "
     "overwrite: false}"},
    {"filesWithoutDirectory", "sink: {type: files}\n" + GoodSources,
     "1: key 'sink.directory' is missing; a files sink needs it; allowed: a directory"},
    {"countWithDirectory", "sink: {type: count, directory: out}\n" + GoodSources,
     "1: key 'sink.directory' is not known; allowed: type"},
    {"bufferTooSmall", "runtime:\n  buffer_size: 8\n" + GoodSources,
     "2: key 'runtime.buffer_size' is 8; allowed: 64 to 67108864"},
    {"bufferSizeWithoutUnit", "runtime:\n  buffer_size: 4 pages\n" + GoodSources,
     "2: key 'runtime.buffer_size' is 4 pages; allowed: a size in bytes or with unit KiB, MiB, "
     "GiB, TiB, kB, MB, GB or TB, such as 4KiB"},
    {"noSuchCpu", "runtime: {pin: true,\n  cpus: [999999]}\n" + GoodSources,
     "2: key 'runtime.cpus' is 999999; allowed: CPUs that this process may use: "},
    {"reactorsNotANumber", "runtime: {reactors: many}\n" + GoodSources,
     "1: key 'runtime.reactors' is many; allowed: auto or a whole number of at least 1"},
    {"engineNotKnown", "runtime: {engine: kqueue}\n" + GoodSources,
     "1: key 'runtime.engine' is kqueue; allowed: auto, io_uring, epoll"},
    {"farTooManyReactors", "runtime: {reactors: 99999999999}\n" + GoodSources,
     "1: key 'runtime.reactors' is 99999999999; allowed: 1 to 1024"},
    {"stackClassUnknown", "runtime:\n  stacks: {smal: 3}\n" + GoodSources,
     "2: key 'runtime.stacks.smal' is not known; allowed: small, medium, large; did you mean "
     "'small'?"},
    {"stacksBeyondTheLimit", "runtime:\n  stacks:\n    small: 99999999\n" + GoodSources,
     "3: key 'runtime.stacks.small' is 99999999; allowed: 1 to 4194304"},
    {"ringsDoNotFit", "\nruntime: {submission_entries: 16384}\n" + GoodSources,
     "2: key 'runtime.completion_entries' is missing; without it, it is 8192; allowed: 16384 to "
     "65536"},
    {"idleMemoryTooLate", "runtime: {idle_memory_after: 25h}\n" + GoodSources,
     "1: key 'runtime.idle_memory_after' is 25h; allowed: 0 to 24h"},
    {"tickTooLong", "runtime: {timer_tick: 1m}\n" + GoodSources,
     "1: key 'runtime.timer_tick' is 1m; allowed: 1us to 1s"},
    {"notAMap", "- a\n- b\n",
     "1: the configuration is a list; allowed: a map with the key 'sources' (see 'weft run "
     "--help')"},
    {"emptyFile", "",
     "1: the configuration is empty; allowed: a map with the key 'sources' (see 'weft run "
     "--help')"},
    {"notYaml", "workers: 1\nsink: [count\nsources: 3\n", "3: this is not YAML: "},
    {"rawNul", std::string("workers: 2\nsink: co\0unt\n", 24) + GoodSources,
     "2: there is a NUL byte; allowed: text"},
    {"secondDocument", GoodSources + "---\nworkers: 1\n", "2: a second document; allowed: one"},
    // The YAML library takes the comma for one document after the other, without end.
    {"commaOutsideOfAList", "- a\n, b ", "2: a second document; allowed: one"},
    {"controlCharactersInAValue", "workers: \"\\x1b[2J2\\nall is well\"\n" + GoodSources,
     "1: key 'workers' is \\x1b[2J2\\nall is well; allowed: 1 to 256"},
};

} // namespace

TEST_P(ConfigErrorTest, saysFileLineKeyAndWhatIsAllowed)
{
    const TemporaryDirectory directory;
    directory.write("wrong.yaml", GetParam().text);
    const auto result = runProgram({"run", "wrong.yaml"}, {.directory = directory.path()});
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.output, "");
    const auto expected = "weft: wrong.yaml:" + withTypes(GetParam().message);
    // What ends with a space goes on with words that depend on the machine or on the YAML library.
    const auto seen = expected.ends_with(' ') ? result.errors.substr(0, expected.size() - 1) + ' '
                                              : result.errors;
    EXPECT_EQ(seen, expected.ends_with(' ') ? expected : expected + '\n');
}

const auto NameOf = [](const auto& wrong)
{
    return wrong.param.name;
};

INSTANTIATE_TEST_SUITE_P(sources, ConfigErrorTest, testing::ValuesIn(WrongSources), NameOf);
INSTANTIATE_TEST_SUITE_P(rest, ConfigErrorTest, testing::ValuesIn(WrongRest), NameOf);

TEST(ConfigFileErrorTest, aConfigurationThatIsNotThere)
{
    const auto result = runProgram({"run", "/no/such.yaml"});
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.errors, "weft: cannot read the configuration '/no/such.yaml': No such file or "
                             "directory\n");
}

TEST(ConfigFileErrorTest, aDirectoryInPlaceOfAConfiguration)
{
    const auto result = runProgram({"run", "/"});
    EXPECT_EQ(result.exitCode, 2);
    EXPECT_EQ(result.errors, "weft: cannot read the configuration '/': Is a directory\n");
}

} // namespace weft::test
