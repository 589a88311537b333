#include <weft/reactor/io.hpp>

#include "tests/support/races.hpp"
#include "tests/support/rounds.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <thread>

/// \file
/// Receiving races with its deadline or its stop, ten thousand times over. Whoever wins: no byte is
/// lost, and nothing arrives for a frame that has gone (AddressSanitizer would tell).

namespace weft
{

namespace
{

/// The n-th byte of every stream.
std::byte byteAt(std::size_t position)
{
    return static_cast<std::byte>(position * 131 + position / 251);
}

struct RaceResult
{
    int expired = 0;
    int delivered = 0;
    int wrongBytes = 0;
    std::size_t received = 0;
};

/// Compares a piece of the stream with what was sent.
int countWrong(std::span<const std::byte> piece, std::size_t position)
{
    int wrong = 0;
    for (std::size_t index = 0; index < piece.size(); ++index)
    {
        wrong += piece[index] == byteAt(position + index) ? 0 : 1;
    }
    return wrong;
}

/// Receives with short deadlines until `rounds` have expired and then to the end of the stream.
RaceResult receiveAgainstDeadlines(int socket, std::atomic<bool>& enough, int rounds)
{
    RaceResult result;
    Delays delays;
    for (;;)
    {
        // A fresh buffer in a frame of its own: what is written late would be found by ASan.
        std::array<std::byte, 32> buffer{};
        const auto deadline = result.expired < rounds ? io::after(delays.next()) : NoDeadline;
        enough = result.expired >= rounds;
        const auto received = io::recv(socket, buffer, 0, deadline);
        if (!received)
        {
            ++result.expired;
            continue;
        }
        if (*received == 0)
        {
            return result;
        }
        ++result.delivered;
        result.wrongBytes += countWrong(std::span(buffer).first(*received), result.received);
        result.received += *received;
    }
}

/// Sends the stream in small pieces at odd moments until there have been races enough; returns
/// how many bytes.
std::size_t sendStream(int socket, const std::atomic<bool>& enough)
{
    Delays delays;
    std::size_t sent = 0;
    while (!enough)
    {
        std::array<std::byte, 5> piece;
        for (std::size_t index = 0; index < piece.size(); ++index)
        {
            piece[index] = byteAt(sent + index);
        }
        EXPECT_EQ(::write(socket, piece.data(), piece.size()), 5);
        sent += piece.size();
        spinFor(delays.next());
    }
    ::shutdown(socket, SHUT_WR);
    return sent;
}

} // namespace

TEST(DeadlineRace, receiveMustNotLoseBytes)
{
    Runtime runtime(runtimeForRaces());
    const auto pair = tcpPair();
    std::atomic<bool> enough = false;
    std::size_t sent = 0;
    std::jthread sender(
        [&]
        {
            sent = sendStream(pair.second.get(), enough);
        });
    const auto result =
        onFiber(runtime,
                [&]
                {
                    return receiveAgainstDeadlines(pair.first.get(), enough, ManyRounds);
                });
    sender.join();
    EXPECT_EQ(result.received, sent);
    EXPECT_EQ(result.wrongBytes, 0);
    EXPECT_GT(result.delivered, 0);
}

TEST(StopRace, receiveMustNotLoseBytes)
{
    Runtime runtime(runtimeForRaces());
    const auto pair = tcpPair();
    std::atomic<bool> enough = false;
    std::size_t sent = 0;
    std::jthread sender(
        [&]
        {
            sent = sendStream(pair.second.get(), enough);
        });
    RaceResult result;
    const auto receive = [&]
    {
        std::array<std::byte, 32> buffer{};
        if (const auto received = io::recv(pair.first.get(), buffer))
        {
            result.wrongBytes += countWrong(std::span(buffer).first(*received), result.received);
            result.received += *received;
        }
    };
    raceWithStops(runtime, ManyRounds, receive);
    enough = true;
    sender.join();
    onFiber(runtime,
            [&]
            {
                for (auto before = result.received + 1; before != result.received;)
                {
                    before = result.received;
                    receive();
                }
            });
    EXPECT_EQ(result.received, sent);
    EXPECT_EQ(result.wrongBytes, 0);
}

TEST(DeadlineRace, pipeReadMustNotLoseBytes)
{
    Runtime runtime(runtimeForRaces());
    auto pipe = makePipe();
    std::atomic<bool> enough = false;
    std::size_t sent = 0;
    std::jthread sender(
        [&]
        {
            sent = sendStream(pipe.second.get(), enough);
            pipe.second.reset();
        });
    std::size_t received = 0;
    int wrong = 0;
    onFiber(runtime,
            [&]
            {
                Delays delays;
                for (int expired = 0;;)
                {
                    std::array<std::byte, 32> buffer{};
                    enough = expired >= ManyRounds / 10;
                    const auto deadline = enough ? NoDeadline : io::after(delays.next());
                    const auto size = io::read(pipe.first.get(), buffer, deadline);
                    if (size && *size == 0)
                    {
                        return;
                    }
                    expired += size ? 0 : 1;
                    wrong += countWrong(std::span(buffer).first(size.value_or(0)), received);
                    received += size.value_or(0);
                }
            });
    sender.join();
    EXPECT_EQ(received, sent);
    EXPECT_EQ(wrong, 0);
}

} // namespace weft
