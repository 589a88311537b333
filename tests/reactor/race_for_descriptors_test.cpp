#include <weft/reactor/io.hpp>

#include "tests/support/races.hpp"
#include "tests/support/rounds.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

/// \file
/// A call that yields a descriptor races with its deadline or its stop, ten thousand times over.
/// Whoever wins: no descriptor leaks.

namespace weft
{

namespace
{

struct AcceptCounts
{
    int accepted = 0;
    int gaveUp = 0;
};

/// A thread that connects at odd moments until it is told to end.
class Connector
{
public:
    explicit Connector(const LoopbackListener& connectedTo) : listener(connectedTo)
    {
    }

    /// Nobody else accepts any more: it takes over, for the thread may wait behind a full queue.
    void end()
    {
        enough = true;
        while (!ended)
        {
            pollfd queue = {.fd = listener.socket.get(), .events = POLLIN, .revents = 0};
            if (::poll(&queue, 1, 10) == 1)
            {
                const auto accepted = listener.acceptClient();
            }
        }
        thread.join();
    }

private:
    void connect()
    {
        Delays delays;
        while (!enough)
        {
            const auto client = listener.connectClient();
            spinFor(delays.next());
        }
        ended = true;
    }

    const LoopbackListener& listener;
    std::atomic<bool> enough = false;
    std::atomic<bool> ended = false;
    std::jthread thread{[this]
                        {
                            connect();
                        }};
};

} // namespace

TEST(DeadlineRace, acceptMustNotLeakADescriptor)
{
    Runtime runtime(runtimeForRaces());
    const LoopbackListener listener;
    const auto before = openDescriptorCount();
    Connector connector(listener);
    const auto counts = onFiber(runtime,
                                [&]
                                {
                                    AcceptCounts result;
                                    Delays delays;
                                    while (result.gaveUp < ManyRounds / 2)
                                    {
                                        const auto accepted =
                                            io::accept(listener.socket.get(), nullptr,
                                                       io::after(delays.next() / 4));
                                        ++(accepted ? result.accepted : result.gaveUp);
                                    }
                                    return result;
                                });
    connector.end();
    EXPECT_EQ(openDescriptorCount(), before);
    EXPECT_GT(counts.accepted, 0);
}

TEST(StopRace, acceptMustNotLeakADescriptor)
{
    Runtime runtime(runtimeForRaces());
    const LoopbackListener listener;
    const auto before = openDescriptorCount();
    Connector connector(listener);
    raceWithStops(runtime, ManyRounds,
                  [&]
                  {
                      (void)io::accept(listener.socket.get());
                  });
    connector.end();
    EXPECT_EQ(openDescriptorCount(), before);
}

TEST(StopRace, everyConnectionIsAcceptedOrClosedAndNoneForgotten)
{
    Runtime runtime(runtimeForRaces());
    const LoopbackListener listener;
    std::vector<OwnedDescriptor> accepted;
    std::vector<OwnedDescriptor> clients;
    const auto accept = [&]
    {
        if (auto server = io::accept(listener.socket.get()))
        {
            accepted.push_back(std::move(*server));
        }
    };
    Delays delays;
    for (int round = 0; round < 2000; ++round)
    {
        auto fiber = runtime.spawn(testFiber("raced"), std::ref(accept));
        clients.push_back(listener.connectClient());
        spinFor(delays.next() / 4);
        fiber.requestStop();
        fiber.join();
    }
    // Those that came too late for their round are still in the listener's queue.
    ::fcntl(listener.socket.get(), F_SETFL, O_NONBLOCK);
    std::size_t late = 0;
    for (int server = 0; (server = ::accept(listener.socket.get(), nullptr, nullptr)) >= 0; ++late)
    {
        accepted.emplace_back(server);
    }
    std::size_t closed = 0;
    for (const auto& client : clients)
    {
        std::byte byte{};
        closed += ::recv(client.get(), &byte, 1, MSG_DONTWAIT) == 0 ? 1 : 0;
    }
    EXPECT_EQ(accepted.size() + closed, clients.size());
}

TEST(StopRace, openMustNotLeakADescriptor)
{
    Runtime runtime(runtimeForRaces());
    const TemporaryDirectory directory;
    const auto path = directory.write("file", "text");
    const auto before = openDescriptorCount();
    // O_TRUNC takes the slow way through a kernel worker, where there is time to be cancelled.
    raceWithStops(runtime, ManyRounds,
                  [&]
                  {
                      (void)io::open(path, O_RDWR | O_TRUNC);
                  });
    EXPECT_EQ(openDescriptorCount(), before);
}

TEST(DeadlineRace, openMustNotLeakADescriptor)
{
    Runtime runtime(runtimeForRaces());
    const TemporaryDirectory directory;
    const auto path = directory.write("file", "text");
    const auto before = openDescriptorCount();
    onFiber(runtime,
            [&]
            {
                Delays delays;
                for (int round = 0; round < ManyRounds; ++round)
                {
                    (void)io::open(path, O_RDWR | O_TRUNC, 0644, io::after(delays.next() / 4));
                }
            });
    EXPECT_EQ(openDescriptorCount(), before);
}

TEST(StopRace, connectMustNotLeakADescriptor)
{
    Runtime runtime(runtimeForRaces());
    const LoopbackListener listener;
    const auto before = openDescriptorCount();
    std::atomic<bool> enough = false;
    std::jthread acceptor(
        [&]
        {
            while (!enough)
            {
                (void)listener.acceptClient();
            }
        });
    raceWithStops(runtime, ManyRounds / 2,
                  [&]
                  {
                      const auto socket = tcpSocket();
                      (void)io::connect(socket.get(), listener.address);
                  });
    enough = true;
    (void)listener.connectClient(); // for the acceptor to see it
    acceptor.join();
    EXPECT_EQ(openDescriptorCount(), before);
}

TEST(DeadlineRace, connectMustNotLeakADescriptor)
{
    Runtime runtime(runtimeForRaces());
    const BlackHole blackHole;
    const auto before = openDescriptorCount();
    onFiber(runtime,
            [&]
            {
                Delays delays;
                for (int round = 0; round < ManyRounds / 10; ++round)
                {
                    const auto socket = tcpSocket();
                    (void)io::connect(socket.get(), blackHole.address(), io::after(delays.next()));
                }
            });
    EXPECT_EQ(openDescriptorCount(), before);
}

} // namespace weft
