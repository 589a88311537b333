#include "peer.hpp"

#include <mutex>
#include <utility>

namespace weft::mesh
{

Peer::Peer(PeerId peerId, std::string address, const LinkPlan& linkPlan) : plan(linkPlan)
{
    current.id = peerId;
    current.address = std::move(address);
}

void Peer::use(TcpStream stream, std::uint64_t incarnation)
{
    if (link != nullptr)
    {
        link->end("it has connected anew");
    }
    const std::lock_guard turn(linkTurn);
    check.begin(incarnation);
    PeerLink newLink(std::move(stream), plan, current, check);
    link = &newLink;
    ++current.links;
    current.lastEnd = newLink.run();
    link = nullptr;
}

void Peer::offerMessage()
{
    const auto number = nextNumber++;
    if (link == nullptr || !link->offerMessage(number))
    {
        ++current.dropped;
    }
}

PeerStatus Peer::status() const
{
    auto status = current;
    status.up = link != nullptr;
    status.missed = check.missed();
    status.repeated = check.repeated();
    return status;
}

} // namespace weft::mesh
