#pragma once

#include <weft/reactor/acquire_buffer.hpp>
#include <weft/reactor/io.hpp>
#include <weft/reactor/offload.hpp>

#include "tests/support/results.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/temporary_directory.hpp"

#include <array>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

/// \file
/// Calls whose other side never answers, so that they wait until their deadline or a stop.

namespace weft
{

/// Each makes what it waits on, and answers the error with which the wait ended.
struct SilentCall
{
    std::string name;
    std::function<std::error_code(Deadline)> call;
};

inline std::error_code receiveFromASilentPeer(Deadline deadline)
{
    const auto pair = socketPair();
    std::array<std::byte, 16> buffer;
    return errorOf(io::recv(pair.first.get(), buffer, 0, deadline));
}

inline std::error_code receiveInNonBlockingMode(Deadline deadline)
{
    const auto pair = socketPair();
    ::fcntl(pair.first.get(), F_SETFL, O_NONBLOCK);
    std::array<std::byte, 16> buffer;
    return errorOf(io::recv(pair.first.get(), buffer, 0, deadline));
}

inline std::error_code receiveMessageFromASilentPeer(Deadline deadline)
{
    const auto pair = socketPair();
    std::array<std::byte, 16> buffer;
    iovec part = {.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return errorOf(io::recvmsg(pair.first.get(), message, 0, deadline));
}

inline std::error_code sendToAPeerThatDoesNotRead(Deadline deadline)
{
    const auto pair = socketPair();
    const std::vector<std::byte> bytes(1 << 20);
    for (;;)
    {
        if (const auto sent = io::send(pair.first.get(), bytes, 0, deadline); !sent)
        {
            return sent.error();
        }
    }
}

inline std::error_code sendMessageToAPeerThatDoesNotRead(Deadline deadline)
{
    const auto pair = socketPair();
    std::vector<std::byte> bytes(1 << 20);
    iovec part = {.iov_base = bytes.data(), .iov_len = bytes.size()};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    for (;;)
    {
        if (const auto sent = io::sendmsg(pair.first.get(), message, 0, deadline); !sent)
        {
            return sent.error();
        }
    }
}

inline std::error_code acceptWhereNobodyConnects(Deadline deadline)
{
    const LoopbackListener listener;
    return errorOf(io::accept(listener.socket.get(), nullptr, deadline));
}

inline std::error_code connectToABlackHole(Deadline deadline)
{
    const BlackHole blackHole;
    const auto socket = tcpSocket();
    return errorOf(io::connect(socket.get(), blackHole.address(), deadline));
}

inline std::error_code pollASilentPeer(Deadline deadline)
{
    const auto pair = socketPair();
    return errorOf(io::poll(pair.first.get(), POLLIN, deadline));
}

inline std::error_code readASilentSocket(Deadline deadline)
{
    const auto pair = socketPair();
    std::array<std::byte, 16> buffer;
    return errorOf(io::read(pair.first.get(), buffer, deadline));
}

inline std::error_code readAnEmptyPipe(Deadline deadline)
{
    const auto pipe = makePipe();
    std::array<std::byte, 16> buffer;
    return errorOf(io::read(pipe.first.get(), buffer, deadline));
}

inline std::error_code readAnEmptyPipeInNonBlockingMode(Deadline deadline)
{
    const auto pipe = makePipe(O_CLOEXEC | O_NONBLOCK);
    std::array<std::byte, 16> buffer;
    return errorOf(io::read(pipe.first.get(), buffer, deadline));
}

inline std::error_code readAnEmptyPipeVectored(Deadline deadline)
{
    const auto pipe = makePipe();
    std::array<std::byte, 16> buffer;
    const std::array parts{iovec{buffer.data(), buffer.size()}};
    return errorOf(io::readv(pipe.first.get(), parts, deadline));
}

inline std::error_code writeToAFullPipe(Deadline deadline)
{
    const auto pipe = makePipe();
    const std::vector<std::byte> bytes(100'000);
    for (;;)
    {
        if (const auto written = io::write(pipe.second.get(), bytes, deadline); !written)
        {
            return written.error();
        }
    }
}

inline std::error_code openAFifoThatNobodyWrites(Deadline deadline)
{
    const TemporaryDirectory directory;
    const auto path = directory.path() / "fifo";
    checkedCall(::mkfifo(path.c_str(), 0600), "mkfifo");
    return errorOf(io::open(path, O_RDONLY, 0, deadline));
}

inline std::error_code abandonableCallThatHangs(Deadline deadline)
{
    // Shared with the call, which is left behind and ends by itself.
    const auto release = std::make_shared<std::latch>(1);
    const auto abandoned = offloadAbandonable(
        [release]
        {
            release->wait();
        },
        deadline);
    release->count_down();
    return errorOf(abandoned);
}

/// On a fiber only.
inline std::error_code acquireWhenAllBuffersAreHeld(Deadline deadline)
{
    auto reservation = *Reactor::current()->buffers().reserve("test");
    std::vector<IoBuffer> held;
    for (;;)
    {
        auto buffer = acquireBuffer(reservation, deadline);
        if (!buffer)
        {
            return buffer.error();
        }
        held.push_back(std::move(*buffer));
    }
}

/// All that wait for a descriptor.
inline std::vector<SilentCall> silentCalls()
{
    return {
        {"recv", receiveFromASilentPeer},
        {"recvNonBlocking", receiveInNonBlockingMode},
        {"recvmsg", receiveMessageFromASilentPeer},
        {"send", sendToAPeerThatDoesNotRead},
        {"sendmsg", sendMessageToAPeerThatDoesNotRead},
        {"accept", acceptWhereNobodyConnects},
        {"connect", connectToABlackHole},
        {"poll", pollASilentPeer},
        {"readSocket", readASilentSocket},
        {"readPipe", readAnEmptyPipe},
        {"readNonBlockingPipe", readAnEmptyPipeInNonBlockingMode},
        {"readvPipe", readAnEmptyPipeVectored},
        {"writePipe", writeToAFullPipe},
        {"openFifo", openAFifoThatNobodyWrites},
    };
}

} // namespace weft
