#pragma once

#include "receiver.hpp"

namespace weft::bench
{

void receiveByWeftOnUring(Lanes lanes);
void receiveByWeftOnEpoll(Lanes lanes);
void receiveByWeftThreads(Lanes lanes);

/// For a run of one lane.
template <ReceiverKind::LanesFunction Receive>
void receiveOneLane(ReceiverContext& context)
{
    ReceiverContext* const lane = &context;
    Receive({&lane, 1});
}

inline constexpr ReceiverKind WeftOnUring{.name = "weft-uring",
                                          .help = "weft's sources on fibers, io_uring engine",
                                          .receiveStreams = receiveOneLane<receiveByWeftOnUring>,
                                          .readFiles = receiveOneLane<receiveByWeftOnUring>,
                                          .receiveLanes = receiveByWeftOnUring};

inline constexpr ReceiverKind WeftOnEpoll{.name = "weft-epoll",
                                          .help = "weft's sources on fibers, epoll engine",
                                          .receiveStreams = receiveOneLane<receiveByWeftOnEpoll>,
                                          .readFiles = receiveOneLane<receiveByWeftOnEpoll>,
                                          .receiveLanes = receiveByWeftOnEpoll};

inline constexpr ReceiverKind WeftThreads{
    .name = "weft-threads",
    .help = "weft's sources, each on a thread (execution: thread)",
    .receiveStreams = receiveOneLane<receiveByWeftThreads>,
    .readFiles = receiveOneLane<receiveByWeftThreads>,
    .manyThreads = true};

} // namespace weft::bench
