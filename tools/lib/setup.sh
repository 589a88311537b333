# shellcheck shell=bash
# Sourced by tools/bench, tools/demo, tools/fuzz, tools/simulate, tools/soak and tools/test: installs
# the missing Debian packages, then configures and builds a preset. Says nothing when there is nothing
# to do.

WEFT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

WEFT_PACKAGES=(
    g++ cmake ninja-build pkg-config
    libboost1.81-dev libboost-fiber1.81-dev libboost-context1.81-dev
    liburing-dev libfmt-dev
    libcli11-dev libyaml-cpp-dev nlohmann-json3-dev libxxhash-dev
    libssl-dev libmosquitto-dev zlib1g-dev libzstd-dev
    libgtest-dev libbenchmark-dev python3 python3-websockets openssl mosquitto
    mosquitto-clients
)

# What one compiler process may need at its largest.
MEMORY_PER_JOB_KIB=$((1536 * 1024))

say()
{
    printf '== %s\n' "$*"
}

fail()
{
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

missing_packages()
{
    local installed package
    installed=$(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' \
        "${WEFT_PACKAGES[@]}" 2>/dev/null | sed -n 's/ installed$//p') || true
    for package in "${WEFT_PACKAGES[@]}"; do
        grep --quiet --line-regexp --fixed-strings -- "$package" <<<"$installed" || echo "$package"
    done
}

# Runs a command as root, without questions from the packages' set-up scripts.
as_root()
{
    if ((EUID == 0)); then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

install_packages()
{
    local missing
    if ! command -v dpkg-query >/dev/null; then
        say "Not a Debian system; taking for granted what these contain: ${WEFT_PACKAGES[*]}"
        return
    fi
    mapfile -t missing < <(missing_packages)
    if ((${#missing[@]} == 0)); then
        return
    fi
    if ((EUID != 0)) && ! command -v sudo >/dev/null; then
        fail "packages are missing, and installing them takes root or sudo. As root, run:
    apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    fi
    say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
    as_root apt-get -qq update || fail "'apt-get update' failed; see above"
    as_root apt-get -qq --yes --no-install-recommends -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 install "${missing[@]}" || fail "'apt-get install' failed; see above"
}

# As many compilers as there are CPUs and as the memory holds.
build_jobs()
{
    local jobs available_kib limit_bytes
    jobs=$(nproc)
    available_kib=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
    limit_bytes=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max)
    if [[ $limit_bytes != max ]] && ((limit_bytes / 1024 < available_kib)); then
        available_kib=$((limit_bytes / 1024))
    fi
    if ((available_kib / MEMORY_PER_JOB_KIB < jobs)); then
        jobs=$((available_kib / MEMORY_PER_JOB_KIB))
    fi
    echo $((jobs > 0 ? jobs : 1))
}

# ThreadSanitizer of g++ 12 finds no room for its shadow memory on kernels that randomise many bits
# of an address, so what is built with it runs with fixed addresses where the machine permits that.
preset_command()
{
    local preset=$1
    shift
    if [[ $preset == tsan* ]] && setarch --addr-no-randomize true 2>/dev/null; then
        setarch --addr-no-randomize "$@"
    else
        "$@"
    fi
}

# build_preset PRESET [TARGET...]: configures, and builds the targets or else everything.
build_preset()
{
    local preset=$1 output jobs
    local targets=("${@:2}")
    cd "$WEFT_ROOT" || return
    [[ -e build/$preset/build.ninja ]] || say "Configuring $preset"
    if ! output=$(cmake --preset "$preset" 2>&1); then
        fail "configuring the preset '$preset' failed:
$output"
    fi
    if [[ $(ninja -C "build/$preset" -n "${targets[@]}") == *"no work to do"* ]]; then
        return
    fi
    jobs=$(build_jobs)
    say "Building $preset, $jobs at a time"
    # The build runs the test programs too, to list their tests.
    preset_command "$preset" cmake --build --preset "$preset" --parallel "$jobs" \
        ${targets[0]:+--target "${targets[@]}"} || fail "building the preset '$preset' failed"
}
