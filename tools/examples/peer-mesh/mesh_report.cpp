#include "mesh_report.hpp"

#include <weft/sources/quantity.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>

namespace weft::mesh
{

namespace
{

std::string roundTripText(const PeerStatus& peer)
{
    return peer.roundTrip ? ", round trip " + formatDuration(*peer.roundTrip) : std::string();
}

/// What is no part of a healthy mesh, as far as there is any.
std::string faultsText(const PeerStatus& peer)
{
    return peer.repeated + peer.corrupted == 0
               ? std::string()
               : fmt::format(", REPEATED {}, CORRUPTED {}", peer.repeated, peer.corrupted);
}

nlohmann::json toJson(const PeerStatus& peer)
{
    nlohmann::json json{
        {"id", peer.id},
        {"address", peer.address},
        {"up", peer.up},
        {"links", peer.links},
        {"sent", peer.sent},
        {"dropped", peer.dropped},
        {"received", peer.received},
        {"missed", peer.missed},
        {"repeated", peer.repeated},
        {"corrupted", peer.corrupted},
        {"round_trip_ns", nullptr},
        {"last_end", peer.lastEnd},
    };
    if (peer.roundTrip)
    {
        json["round_trip_ns"] = peer.roundTrip->count();
    }
    return json;
}

} // namespace

bool NodeStatus::isSound() const noexcept
{
    return std::ranges::all_of(peers,
                               [](const PeerStatus& peer)
                               {
                                   return peer.repeated == 0 && peer.corrupted == 0;
                               });
}

std::string toText(const NodeStatus& status)
{
    std::string text;
    const auto time = formatDuration(status.running);
    for (const auto& peer : status.peers)
    {
        fmt::format_to(std::back_inserter(text),
                       "{:>7}  peer {} {:<4}  sent {}, dropped {}; received {}, missed {}{}{}",
                       time, peer.id, peer.up ? "up" : "down", peer.sent, peer.dropped,
                       peer.received, peer.missed, roundTripText(peer), faultsText(peer));
        if (!peer.up && !peer.lastEnd.empty())
        {
            fmt::format_to(std::back_inserter(text), " ({})", peer.lastEnd);
        }
        text += '\n';
    }
    if (status.strangers.refused > 0)
    {
        fmt::format_to(std::back_inserter(text), "{:>7}  refused {} connections, the last: {}\n",
                       time, status.strangers.refused, status.strangers.last);
    }
    return text;
}

std::string toJson(const NodeStatus& status, bool final)
{
    nlohmann::json json{
        {"id", status.id},
        {"final", final},
        {"running_ns", status.running.count()},
        {"peers", nlohmann::json::array()},
        {"refused", status.strangers.refused},
        {"last_refused", status.strangers.last},
    };
    for (const auto& peer : status.peers)
    {
        json["peers"].push_back(toJson(peer));
    }
    return json.dump() + '\n';
}

} // namespace weft::mesh
