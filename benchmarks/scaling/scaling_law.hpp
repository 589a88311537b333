#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace weft::bench
{

/// What so many reactors did, in any unit.
struct ScalingPoint
{
    std::size_t reactors = 1;
    double throughput = 0;
};

/// The universal scalability law: throughput(n) = lambda n / (1 + sigma (n-1) + kappa n (n-1)).
/// N. J. Gunther, "A General Theory of Computational Scalability Based on Rational Functions",
/// arXiv:0808.1431, 2008.
struct ScalingLaw
{
    static constexpr std::size_t PointsLeast = 4;

    double lambda = 0; // throughput of one
    double sigma = 0;  // contention: the share of the work that is done by one at a time
    double kappa = 0;  // coherency: what each pair costs to agree

    double throughput(double reactors) const noexcept;

    /// Beyond so many, more reactors do less. Empty: there is no such number.
    std::optional<double> peakReactors() const noexcept;
};

/// The law that is nearest to the points by the squares of relative errors of n / throughput, with
/// sigma and kappa not below 0. Empty with fewer than PointsLeast different numbers of reactors,
/// and when a throughput is not above 0.
std::optional<ScalingLaw> fitScalingLaw(std::span<const ScalingPoint> points);

} // namespace weft::bench
