#include <weft/reactor/owned_descriptor.hpp>
#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/source_contract.hpp>

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace
{

/// A pipe in the place of the program's standard input.
struct PipedInput final : weft::contract::LivePeer
{
    PipedInput() : before(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3))
    {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0 || ::dup2(ends[0], STDIN_FILENO) < 0)
        {
            throw std::system_error(errno, std::system_category(), "pipe2");
        }
        ::close(ends[0]);
        writer = weft::OwnedDescriptor(ends[1]);
        ::fcntl(writer.get(), F_SETFL, O_NONBLOCK);
    }

    ~PipedInput() override
    {
        ::dup2(before.get(), STDIN_FILENO);
    }

    weft::ParameterTexts configuration() override
    {
        return {};
    }

    std::size_t instancesMost() const override
    {
        return 1;
    }

    std::string whyNot(weft::contract::Ability ability) const override
    {
        switch (ability)
        {
        case weft::contract::Ability::Unreachable:
        case weft::contract::Ability::Unanswering:
            return "the descriptor is open already";
        case weft::contract::Ability::Simulation:
            return "it is a descriptor of the real machine";
        case weft::contract::Ability::Reset:
            return "the writer of a pipe leaves in one way only";
        default:
            return {};
        }
    }

    bool awaitSource() override
    {
        return true;
    }

    bool send(std::string_view record) override
    {
        // Records are shorter than PIPE_BUF, so all or nothing.
        while (::write(writer.get(), record.data(), record.size()) < 0)
        {
            pollfd room = {.fd = writer.get(), .events = POLLOUT, .revents = 0};
            const auto wait =
                std::chrono::ceil<std::chrono::milliseconds>(weft::contract::patience());
            if (errno != EAGAIN || ::poll(&room, 1, static_cast<int>(wait.count())) <= 0)
            {
                return false;
            }
        }
        return true;
    }

    bool end() override
    {
        writer = weft::OwnedDescriptor();
        return true;
    }

private:
    weft::OwnedDescriptor before;
    weft::OwnedDescriptor writer;
};

} // namespace

WEFT_SOURCE_CONTRACT(stdin, PipedInput)
