#include "fiber_work.hpp"

extern "C"
{

    void weftBenchSwitchAmongSharedStock(benchmark::State& state)
    {
        weft::bench::switchAmongStock(state);
    }

    void weftBenchSpawnAndJoinSharedStock(benchmark::State& state)
    {
        weft::bench::spawnAndJoinStock(state);
    }
}
