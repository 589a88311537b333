#include "result_json.hpp"

#include <nlohmann/json.hpp>

#include <load/machine.hpp>

namespace weft::bench
{

namespace
{

using Json = nlohmann::ordered_json;

Json toJson(const Sample& sample)
{
    return {{"throughput", sample.throughput}, {"cpu_s_per_unit", sample.cpuSecondsPerUnit},
            {"p99_ms", sample.p99Ms},          {"wake_ups", sample.wakeUps},
            {"busy_share", sample.busyShare},  {"others_share", sample.othersShare},
            {"sent_share", sample.sentShare}};
}

Json toJson(const std::vector<Sample>& samples)
{
    auto json = Json::array();
    for (const auto& sample : samples)
    {
        json.push_back(toJson(sample));
    }
    return json;
}

Json orNull(std::optional<double> value)
{
    return value ? Json(*value) : Json(nullptr);
}

Json toJson(const CaseRuns& runs, const Point& point)
{
    const auto& layout = point.layout;
    Json json{{"reactors", point.reactors},
              {"beyond_cores", layout.beyondCores},
              {"reactors_share_cores", !layout.reactorsOnCores},
              {"generators", toString(layout.generators)},
              {"comparable_with_one", runs.isComparable(point)}};
    if (point.isMeasured())
    {
        const auto& one = point.oneProcess.medians;
        const auto& many = point.independent.medians;
        json["one_process"] = one.throughput;
        json["independent_processes"] = many.throughput;
        json["efficiency_linear"] = orNull(efficiencyLinear(runs, point));
        json["efficiency_independent"] = orNull(efficiencyIndependent(point));
        json["cpu_s_per_unit"] = one.cpuSecondsPerUnit;
        json["cpu_s_per_unit_independent"] = many.cpuSecondsPerUnit;
        json["cost_efficiency_linear"] = orNull(costEfficiencyLinear(runs, point));
        json["cost_efficiency_independent"] = orNull(costEfficiencyIndependent(point));
        json["wake_ups"] = one.wakeUps;
    }
    json["runs"] = {{"one_process", toJson(point.oneProcess.samples)},
                    {"independent_processes", toJson(point.independent.samples)}};
    return json;
}

Json toJson(const std::optional<ScalingLaw>& law)
{
    if (!law)
    {
        return nullptr;
    }
    return {{"lambda", law->lambda},
            {"sigma", law->sigma},
            {"kappa", law->kappa},
            {"peak_reactors", orNull(law->peakReactors())}};
}

Json toJson(const CaseRuns& runs)
{
    const auto unit = unitOf(runs.what.workload);
    Json json{{"workload", runs.what.name},
              {"title", runs.what.title},
              {"unit", unit.throughput},
              {"cpu_unit", unit.cost},
              {"sources_per_reactor", runs.what.lane.sources()},
              {"failed_runs", runs.failedRuns},
              {"unavailable", runs.unavailable.empty() ? Json(nullptr) : Json(runs.unavailable)},
              {"points", Json::array()}};
    for (const auto& point : runs.points)
    {
        json["points"].push_back(toJson(runs, point));
    }
    json["usl"] = toJson(fitScalingLaw(runs.pointsOfLaw()));
    return json;
}

} // namespace

Json toJson(const Topology& topology, const std::vector<CaseRuns>& cases)
{
    Json json;
    for (const auto& [name, value] : describeMachine())
    {
        json["machine"][name] = value;
    }
    json["machine"]["usable_cpus"] = topology.usable;
    json["cases"] = Json::array();
    for (const auto& runs : cases)
    {
        json["cases"].push_back(toJson(runs));
    }
    return json;
}

} // namespace weft::bench
