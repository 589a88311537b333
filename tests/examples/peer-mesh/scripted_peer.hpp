#pragma once

#include "frame.hpp"
#include "handshake.hpp"
#include "tests/support/sockets.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>

namespace weft::test
{

/// The other end of a connection to a node, on plain system calls: says what the test wants it to.
class ScriptedPeer
{
public:
    /// Connects to a node.
    explicit ScriptedPeer(const SocketAddress& node) : socket(tcpSocket())
    {
        while (::connect(socket.get(), node.data(), node.size()) != 0)
        {
            // The node has not begun to listen yet.
            checkedCall(errno == ECONNREFUSED ? 0 : -1, "connect");
            socket = tcpSocket();
        }
    }

    /// Takes the connection that a node has made.
    explicit ScriptedPeer(OwnedDescriptor connection) : socket(std::move(connection))
    {
    }

    void say(std::span<const std::byte> bytes) const
    {
        const auto sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        checkedCall(static_cast<int>(sent), "send");
    }

    void say(const mesh::Hello& hello) const
    {
        say(mesh::encode(hello));
    }

    void sayReady() const
    {
        say(std::array{mesh::Ready});
    }

    /// Says hello, and that it is ready, and waits until the node has done so.
    void shakeHands(const mesh::Hello& hello) const
    {
        say(hello);
        sayReady();
        std::array<std::byte, mesh::Hello::SizeBytes + 1> answer{};
        checkedCall(
            static_cast<int>(::recv(socket.get(), answer.data(), answer.size(), MSG_WAITALL)),
            "recv");
    }

    void sayMessage(std::uint16_t sender, std::uint64_t number) const
    {
        mesh::FrameBatch batch(sender, 64);
        batch.add(mesh::FrameKind::Message, number);
        say(batch.bytes());
    }

    /// Waits until the node ends the connection, with whatever else it says before.
    void awaitEnd() const
    {
        std::array<std::byte, 4096> ignored{};
        while (::recv(socket.get(), ignored.data(), ignored.size(), 0) > 0)
        {
        }
    }

private:
    OwnedDescriptor socket;
};

} // namespace weft::test
