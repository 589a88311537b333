#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/file.hpp>
#include <weft/reactor/offload.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/reactor/simulation/simulation.hpp>
#include <weft/reactor/tcp.hpp>

#include "tests/simulation/feed_steps.hpp"
#include "tests/support/results.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::simulation
{

namespace
{

using namespace std::chrono_literals;

RuntimeOptions smallOptions(Simulation& simulation)
{
    auto options = simulation.runtimeOptions();
    options.buffersPerReactor = 16;
    options.threadBuffers = 0;
    options.stacksPerReactor = {64, 16, 8};
    return options;
}

/// Runs `body` on a fiber of a runtime on this machine, until it returns.
void simulate(Simulation& simulation, std::function<void(Runtime&)> body)
{
    Runtime runtime(smallOptions(simulation));
    simulation.after(0ns, "the test begins",
                     [&]
                     {
                         runtime
                             .spawn({.name = "test", .stack = StackClass::Large},
                                    [&]
                                    {
                                        body(runtime);
                                        simulation.after(0ns, "the test is over",
                                                         [&]
                                                         {
                                                             simulation.end();
                                                         });
                                    })
                             .detach();
                     });
    simulation.run();
}

struct Received
{
    std::uint64_t bytes = 0;
    std::error_code error;
};

/// Reads to the end, or to an error that is not a deadline, and checks each byte.
Received receiveAll(TcpStream& stream, std::chrono::nanoseconds patience)
{
    std::array<std::byte, 1000> buffer;
    Received received;
    for (;;)
    {
        const auto count = stream.receive(buffer, io::after(patience));
        if (!count && count.error() == IoError::DeadlineExpired)
        {
            continue;
        }
        if (!count || *count == 0)
        {
            received.error = count ? std::error_code() : count.error();
            return received;
        }
        EXPECT_EQ(firstDifference(Stream, received.bytes, std::span(buffer).first(*count)),
                  std::nullopt);
        received.bytes += *count;
    }
}

TEST(Simulation, streamArrivesWholeWhateverDeadlinesInterrupt)
{
    for (std::uint64_t seed = 0; seed < 50; ++seed)
    {
        Simulation simulation({.seed = seed});
        simulation.addEndpoint("10.0.0.1", 9000,
                               []
                               {
                                   return feed({write(100'000), pause(1s), write(1), finish()});
                               });
        simulate(simulation,
                 [&](Runtime&)
                 {
                     io::Result<TcpStream> stream = std::unexpected(std::error_code());
                     while (!stream)
                     {
                         stream = TcpStream::connect("10.0.0.1", 9000);
                     }
                     const auto received = receiveAll(*stream, 50us);
                     EXPECT_EQ(received.bytes, 100'001);
                     EXPECT_EQ(received.error, std::error_code());
                     EXPECT_TRUE(stream->close());
                     EXPECT_EQ(simulation.account(Stream).deliveredBytes, 100'001);
                     EXPECT_EQ(simulation.account(Stream).closes, 1);
                     EXPECT_EQ(simulation.openDescriptors(), 0);
                 });
    }
}

TEST(Simulation, resetLosesWhatWasNotTaken)
{
    Simulation simulation({.seed = 1, .faults = {.socketRefused = 0}});
    simulation.addEndpoint("10.0.0.1", 9000,
                           []
                           {
                               return feed({write(300'000), reset()});
                           });
    simulate(simulation,
             [&](Runtime&)
             {
                 auto stream = *TcpStream::connect("10.0.0.1", 9000);
                 const auto received = receiveAll(stream, 10s);
                 EXPECT_EQ(received.error, std::errc::connection_reset);
                 EXPECT_EQ(simulation.account(Stream).deliveredBytes, received.bytes);
                 EXPECT_EQ(simulation.account(Stream).errorTold, ECONNRESET);
             });
}

TEST(Simulation, hoursPassInMoments)
{
    Simulation simulation({.seed = 1});
    simulate(simulation,
             [&](Runtime&)
             {
                 const auto before = Clock::now();
                 EXPECT_TRUE(io::sleepFor(1000h));
                 EXPECT_GE(Clock::now() - before, 1000h);
             });
}

TEST(Simulation, refusalsAndNamesAreAsPlanned)
{
    Simulation simulation({.seed = 1, .faults = {.socketRefused = 0}});
    simulation.addEndpoint("10.0.0.1", 1,
                           []
                           {
                               return Refusal{.error = EHOSTUNREACH, .after = 3s};
                           });
    simulation.addName("both.example",
                       []
                       {
                           return std::vector<std::string>{"10.0.0.1", "10.0.0.2"};
                       });
    simulate(simulation,
             [&](Runtime&)
             {
                 const auto refused = TcpStream::connect("10.0.0.1", 1);
                 EXPECT_EQ(refused.error(), std::errc::host_unreachable);
                 // The second address: nobody listens there.
                 const auto named = TcpStream::connect("both.example", 1);
                 EXPECT_EQ(named.error(), std::errc::connection_refused);
                 const auto unknown = TcpStream::connect("nobody.example", 1);
                 EXPECT_EQ(unknown.error().category(), resolverCategory());
                 const auto late = TcpStream::connect("10.0.0.1", 1, io::after(1s));
                 EXPECT_EQ(late.error(), IoError::DeadlineExpired);
                 EXPECT_EQ(simulation.openDescriptors(), 0);
             });
}

TEST(Simulation, fileIsReadAtAnyPlace)
{
    Simulation simulation({.seed = 1, .faults = {.shortTransfer = 0, .socketRefused = 0}});
    simulation.addFile("/data",
                       []
                       {
                           return RegularFile{
                               .content = Stream, .sizeBytes = 5000, .unreadableFrom = 4500};
                       });
    simulate(simulation,
             [&](Runtime&)
             {
                 EXPECT_EQ(File::open("/missing", O_RDONLY).error(),
                           std::errc::no_such_file_or_directory);
                 auto file = *File::open("/data", O_RDONLY);
                 EXPECT_EQ(file.status()->stx_size, 5000);
                 std::array<std::byte, 1000> buffer;
                 EXPECT_EQ(file.readAt(4000, buffer), 500);
                 EXPECT_EQ(firstDifference(Stream, 4000, std::span(buffer).first(500)),
                           std::nullopt);
                 EXPECT_EQ(file.readAt(4500, buffer).error(), std::errc::io_error);
                 EXPECT_EQ(file.readAt(5000, buffer), 0);
                 EXPECT_TRUE(file.close());
             });
}

TEST(Simulation, writesMayBeShortAndFailAfterAReset)
{
    Simulation simulation({.seed = 1, .faults = {.shortTransfer = 2, .socketRefused = 0}});
    simulation.addEndpoint("10.0.0.1", 9000,
                           []
                           {
                               return feed({pause(1h), reset()});
                           });
    simulate(simulation,
             [&](Runtime&)
             {
                 auto stream = *TcpStream::connect("10.0.0.1", 9000);
                 const std::array<std::byte, 1000> bytes{};
                 bool wasShort = false;
                 for (int repetition = 0; repetition < 20; ++repetition)
                 {
                     const auto sent = *stream.send(bytes);
                     EXPECT_GE(sent, 1);
                     wasShort |= sent < bytes.size();
                 }
                 EXPECT_TRUE(wasShort);
                 EXPECT_TRUE(io::sleepFor(2h));
                 EXPECT_EQ(stream.send(bytes).error(), std::errc::broken_pipe);
             });
}

TEST(Simulation, stopFromAnotherThreadEndsAWait)
{
    Simulation simulation({.seed = 1});
    simulate(simulation,
             [&](Runtime& runtime)
             {
                 const auto before = Clock::now();
                 auto sleeper =
                     runtime.spawn({.stack = StackClass::Large},
                                   []
                                   {
                                       EXPECT_EQ(io::sleepFor(1h).error(), IoError::Stopped);
                                   });
                 simulation.after(1s, "somebody stops the sleeper",
                                  [&]
                                  {
                                      EXPECT_EQ(Reactor::current(), nullptr);
                                      sleeper.requestStop();
                                  });
                 sleeper.join();
                 EXPECT_GE(Clock::now() - before, 1s);
                 EXPECT_LT(Clock::now() - before, 2s);
             });
}

TEST(Simulation, blockingCallsTakeTheirTime)
{
    Simulation simulation({.seed = 1, .faults = {.threadsSlow = 1}});
    simulate(simulation,
             [](Runtime&)
             {
                 const auto before = Clock::now();
                 EXPECT_EQ(offload(
                               []
                               {
                                   EXPECT_EQ(Reactor::current(), nullptr);
                                   return 5;
                               }),
                           5);
                 EXPECT_GE(Clock::now() - before, 1ms);
             });
}

TEST(Simulation, machineMayStandStill)
{
    Simulation simulation({.seed = 1, .faults = {.clockJump = 1}});
    simulate(simulation,
             [](Runtime&)
             {
                 const auto before = Clock::now();
                 for (int repetition = 0; repetition < 10; ++repetition)
                 {
                     EXPECT_TRUE(io::sleepFor(1ms));
                 }
                 EXPECT_GE(Clock::now() - before, 10s);
             });
}

std::uint64_t digestOfARun(std::uint64_t seed)
{
    Simulation simulation({.seed = seed});
    simulation.addEndpoint("10.0.0.1", 9000,
                           []
                           {
                               return feed({write(20'000), pause(1s), finish()});
                           });
    simulate(simulation,
             [&](Runtime& runtime)
             {
                 FiberGroup group;
                 for (int index = 0; index < 8; ++index)
                 {
                     runtime.spawn(group, {.stack = StackClass::Large},
                                   []
                                   {
                                       if (auto stream = TcpStream::connect("10.0.0.1", 9000))
                                       {
                                           receiveAll(*stream, 1ms);
                                       }
                                   });
                 }
                 group.joinAll();
             });
    return simulation.trace().digest();
}

TEST(Simulation, sameSeedIsTheSameRun)
{
    EXPECT_EQ(digestOfARun(1), digestOfARun(1));
    EXPECT_NE(digestOfARun(1), digestOfARun(2));
}

using SimulationDeathTest = testing::Test;

TEST(SimulationDeathTest, waitThatNothingCanEndIsAFailure)
{
    EXPECT_DEATH(
        {
            Simulation simulation({.seed = 1});
            simulate(simulation,
                     [](Runtime&)
                     {
                         boost::fibers::mutex mutex;
                         std::unique_lock lock(mutex);
                         boost::fibers::condition_variable().wait(lock);
                     });
        },
        "everybody waits, and nothing can happen any more");
}

} // namespace

} // namespace weft::simulation
