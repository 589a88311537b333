#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/socket_address.hpp>
#include <weft/sources/contract/source_contract.hpp>

#include <sys/socket.h>

namespace
{

struct DatagramSender final : weft::contract::LivePeer
{
    DatagramSender() : held(boundSocket()), sender(boundSocket())
    {
        // A port that nobody else is likely to be given before the source binds it.
        target = addressOf(boundSocket());
    }

    weft::ParameterTexts configuration() override
    {
        return at(target.port());
    }

    std::optional<weft::ParameterTexts> unreachable() override
    {
        return at(addressOf(held).port()); // in use
    }

    bool awaitSource() override
    {
        return true; // when it is open it has its port
    }

    bool send(std::string_view record) override
    {
        return ::sendto(sender.get(), record.data(), record.size(), 0, target.data(),
                        target.size()) == static_cast<ssize_t>(record.size());
    }

    std::string delivered(std::string_view record) const override
    {
        return std::string(record) + '\n';
    }

    std::string whyNot(weft::contract::Ability ability) const override
    {
        switch (ability)
        {
        case weft::contract::Ability::Unanswering:
            return "a port is bound without asking anybody";
        case weft::contract::Ability::Simulation:
            return "it has streams and no datagrams";
        case weft::contract::Ability::End:
            return "datagrams have no end";
        case weft::contract::Ability::Reset:
            return "there is none";
        default:
            return {};
        }
    }

    std::size_t windowBytes() const override
    {
        return 4096; // the kernel counts what it needs for each datagram, too
    }

private:
    static weft::ParameterTexts at(std::uint16_t port)
    {
        return {{"address", "127.0.0.1"}, {"port", std::to_string(port)}, {"framing", "newline"}};
    }

    static weft::OwnedDescriptor boundSocket()
    {
        weft::OwnedDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const auto any = *weft::SocketAddress::parse("127.0.0.1", 0);
        if (::bind(socket.get(), any.data(), any.size()) != 0)
        {
            throw std::system_error(errno, std::system_category(), "bind");
        }
        return socket;
    }

    static weft::SocketAddress addressOf(const weft::OwnedDescriptor& socket)
    {
        weft::SocketAddress address;
        auto size = weft::SocketAddress::capacity();
        ::getsockname(socket.get(), address.data(), &size);
        address.setSize(size);
        return address;
    }

    weft::OwnedDescriptor held;
    weft::OwnedDescriptor sender;
    weft::SocketAddress target;
};

} // namespace

WEFT_SOURCE_CONTRACT(udp, DatagramSender)
