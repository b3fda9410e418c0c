# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What tools/check.py refuses, as tables. To add a rule, add a row; its reason is read by the author of a refused line.

Files are matched by regular expressions on their path from the root of the repository.
"""
from typing import NamedTuple

# Where coroutines, threads and clocks may live.
SHELLS = r"^src/(net|proxy|node|crew|api|sim/crew)/|^apps/|^python/|^examples/"
TESTS = r"_(test|fuzz|bench)\.cc$|^bench/|^tests/"


class Ban(NamedTuple):
    pattern: str  # searched in C++ with comments and literals blanked out
    unless: str   # files in which it is allowed; "" for nowhere
    instead: str  # what to write, and why
    example: str  # a line that this rule refuses; tools/check_test.py tries it


BANS = [
    # Time and chance come in as arguments.
    Ban(r"\b(steady|system|high_resolution)_clock::now\b",
        rf"^src/(net|node)/|^src/base/time\.|^src/library/local_cache\.cc$|^apps/|{TESTS}",
        "take `Instant now` or `Now` as an argument: the simulator has no other clock",
        "auto t = steady_clock::now();"),
    Ban(r"\b(MonotonicClock::now|read_clocks)\s*\(", rf"{SHELLS}|^src/(base/time\.|cache/)|{TESTS}",
        "take `Instant now` or `Now` as an argument: only shells and the store read clocks",
        "auto now = read_clocks();"),
    Ban(r"\b(gettimeofday|localtime|gmtime|mktime|ctime)\s*\(|\btime\s*\(\s*(nullptr|NULL|0)\s*\)", "",
        "use base/time.h and http/date.h: 64 bits, thread-safe, and the simulator can set them",
        "long t = time(nullptr);"),
    Ban(r"\b(s?rand|drand48)\s*\(|\bstd::(random_device|mt19937(_64)?)\b", "",
        "use ghmesh::Random (reproducible) or crypto/random.h (keys)", "std::random_device device;"),

    # Coroutines, threads and callbacks stay in the shells.
    Ban(r"\bco_(await|return|yield)\b", rf"{SHELLS}|{TESTS}",
        "make it a function of its input: coroutines live in net/, proxy/ and node/ only", "co_return answer;"),
    Ban(r"\bco_await\b[^;]*\[[^\[\];]*\]\s*(\(|\{|mutable)", "",
        "name the lambda on the line above: g++ 12 destroys it twice inside a co_await expression",
        "co_await post([held] { run(held); });"),
    Ban(r"\bco_await\b[^;]*[(,]\s*\{", "",
        "name the braced value on the line above: g++ 12 destroys it twice inside a co_await expression",
        "co_await write({head, body});"),
    Ban(r"\bcatch\s*\(\s*\.\.\.\s*\)", r"^src/net/runtime\.cc$|^python/",
        "let net/runtime.cc catch it: a swallowed exception is a bug that nobody sees", "} catch (...) {"),
    Ban(r"\bstd::function\b", rf"{SHELLS}|^src/(cache|sim|library)/|^include/|{TESTS}",
        "return an event or a value: a machine that calls back is re-entered half-updated",
        "std::function<void()> done;"),
    Ban(r"\bstd::(thread|jthread|async)\b|\bpthread_create\b", rf"{SHELLS}|^src/cache/|{TESTS}",
        "run it on the caller's thread: only the runtime, the store's writer and the node start threads",
        "std::thread worker;"),
    Ban(r"\bsleep_(for|until)\s*\(|\bu?sleep\s*\(",
        rf"^apps/|^src/(cache|api)/|^src/node/node.cc|^src/sim/crew/|{TESTS}",
        "answer with next_deadline() or wait for an event: sleeping blocks a serving thread", "sleep_for(1s);"),

    # Bytes and text have known sizes.
    Ban(r"\b(mem|str)n?cmp\s*\(", "",
        "use equal() for plain bytes, crypto::equal_in_constant_time for secrets: the reader must see which it is",
        "if (memcmp(a, b, 32) == 0) return;"),
    Ban(r"\b(strn?cpy|strn?cat|v?sprintf|gets|strtok|alloca)\s*\(", "",
        "use std::string, fmt or a Reader: these do not know how large their target is", "strcpy(a, b);"),
    Ban(r"\b(ato[il]l?|strto(u?ll?|d)|std::sto(i|u?ll?|d|f))\s*\(", TESTS,
        "use parse_decimal (base/text.h): the others accept signs and blanks, throw, or hide overflow",
        "int n = atoi(text);"),
    Ban(r"\breinterpret_cast\b",
        rf"^src/base/bytes\.h$|^src/crypto/|^src/cache/(lmdb|probe|page_map)"
        rf"|^src/net/(curl|gunzip|listener|p2p/interfaces)"
        rf"|^fuzz/|^python/src/|{TESTS}",
        "use as_bytes or as_text (base/bytes.h), or move the code into the file that wraps the C library",
        "auto* p = reinterpret_cast<char*>(q);"),
    Ban(r"\bstd::regex\b", "", "write a parser with a limit: std::regex recurses over its input", "std::regex words;"),
    Ban(r"\bstd::(views::|ranges::(views|subrange|search|find_end|equal_range|unique|remove|remove_if|rotate)\b)", "",
        "use the algorithm with iterators: clang 14, which fuzzes and tidies this code, cannot parse ranges::subrange",
        "auto found = std::ranges::search(text, word);"),

    # The outside world has one door each.
    Ban(r"\b(f?printf|puts|perror)\s*\(|\bstd::(cout|cerr|clog)\b",
        rf"^apps/|^examples/|^src/node/|^src/base/check\.cc$|^fuzz/|{TESTS}",
        "use base/log.h: one event is one line, quoted, on stderr", 'std::cerr << "oops";'),
    Ban(r"\bgetenv\s*\(", rf"^apps/|^src/(node|api)/|^src/net/listener\.cc$|{TESTS}",
        "take it from node/config.h: every setting has one place that reads it", 'auto* home = getenv("HOME");'),
    Ban(r"\b(std::system|popen|execlp|vfork)\s*\(", "",
        "pass an argument vector to posix_spawn or execve: no shell", "popen(command, mode);"),
    Ban(r"\bMDB_(NOSYNC|WRITEMAP|MAPASYNC|NOLOCK)\b", rf"^src/cache/probe\.cc$|{TESTS}",
        "group the commits instead: these flags trade integrity for speed", "flags |= MDB_NOSYNC;"),
    Ban(r"\blog::\w+\s*\([^;]*\breveal\s*\(", "", "never log a secret, nor any function of it",
        'log::info("token", {{"value", as_text(token.reveal())}});'),

    # Names and tests mean what they say.
    Ban(r"(?m)^using\s+namespace\b", TESTS,
        "name what you use, or put it into the function: it changes the meaning of other people's lines",
        "using namespace std;"),
    # Allowed: what takes a privilege (CI has it), and the suite that is the child process of the tests beside it.
    Ban(r"(?<!geteuid\(\) != 0\) )(?<!is_permitted\) )\bGTEST_SKIP\b|(?<!OtherProcess, )\bDISABLED_\w+", "",
        "mend or remove the test: one that does not run proves nothing", "GTEST_SKIP();"),
]


class Library(NamedTuple):
    headers: str  # what its #include begins with
    files: str    # files that may include it, within the rooms that own it in src/CMakeLists.txt; "" for all


LIBRARIES = {
    "OpenSSL::Crypto": Library(r"openssl/", ""),
    "PkgConfig::sodium": Library(r"sodium(\.h|/)", ""),
    "PkgConfig::lmdb": Library(r"lmdb\.h", r"/(lmdb\w*|probe|page_map)\.(h|cc)$"),
    "PkgConfig::zstd": Library(r"(zstd|zdict|zstd_errors)\.h", ""),
    "PkgConfig::systemd": Library(r"systemd/", ""),
    "PkgConfig::hiredis": Library(r"hiredis/", r"^apps/transport_test/"),
    "ZLIB::ZLIB": Library(r"z(lib|conf)\.h", ""),
    "curl_headers": Library(r"curl/", r"/curl\w*\.(h|cc)$"),
    "asio": Library(r"boost/(asio|beast)(/|\.)", ""),
    "Boost::json": Library(r"boost/json(/|\.)", ""),
    "Boost::headers": Library(r"boost/(?!asio|beast|json|system)", ""),
    "simdjson::simdjson": Library(r"simdjson", ""),
    "spdlog::spdlog": Library(r"spdlog/", r"/log\.cc$"),
    "fmt::fmt": Library(r"fmt/", ""),
    "CLI11::CLI11": Library(r"CLI/", ""),
    "tomlplusplus::tomlplusplus": Library(r"toml\+\+", ""),
    "prometheus-cpp::core": Library(r"prometheus/", ""),
    "PkgConfig::hiredis": Library(r"hiredis/", ""),
    "protozero": Library(r"protozero/", ""),
    "pybind11::module": Library(r"pybind11/", r"^python/"),
}
TEST_LIBRARIES = {
    "GTest": Library(r"(gtest|gmock)/", r"_test\.cc$|test_\w+\.h$|_test\.h$"),
    "benchmark": Library(r"benchmark/", r"_bench\.cc$|^bench/"),
}
# Of no owner: errors (base/result.h is made of them), the kernel, libc, the standard library.
COMMON_HEADERS = r"boost/system/|ghmesh/|Python\.h$|(sys|linux|netinet|arpa|net|sanitizer)/|[a-z0-9_]+(\.h)?$"
# Sources besides tests that reach Asio or Beast: each costs seconds of every build on two cores. A third of them are
# shells of the peer-to-peer side and the programs around it, a quarter those of libghmesh, whose GitHub goes through
# the same proxy.
ASIO_SOURCES_MAX = 48

LINES_MAX = [(r"(package-lock\.json|Cargo\.lock|go\.sum)$", 10_000),  # a package manager wrote it, and reads it
             (TESTS, 1000), (r"^apps/[^/]+/main\.cc$", 200), (r"\.(cc|h)$", 800), (r"\.py$|^tools/", 600)]
DOOR_LINES_MAX = 250      # a door is read by everybody
FUNCTION_LINES_MAX = 70   # a screen
LINE_COLUMNS_MAX = 120
WIDE_LINES_MATTER = r"\.(cc|h|py|cmake)$|CMakeLists\.txt$|^tools/"
ROOM_SOURCES_MAX = 20     # without tests, fuzz targets and benchmarks: more wants two rooms


class TextBan(NamedTuple):
    pattern: str  # searched in every tracked text
    unless: str
    reason: str
    example: str


TEXT_BANS = [
    TextBan(r"\bFIX[M]E\b|\bTO[D]O\b|\bXX[X]\b", "", "finish it, or file an issue: the tree holds no promises",
            "// TO" + "DO: later"),
    TextBan(r"/w[o]rk/|/r[o]ot/|\.\./sh[a]red\b", "", "a path of one machine: take it as an argument",
            "cp /ro" + "ot/x ."),
    TextBan(r"https?://[\w.-]*(np[m]js|pyp[i]|crate[s]\.io|debia[n]\.org|golan[g]\.org)", "",
            "a registry's address: its client knows it (npm: omit-lockfile-registry-resolved)",
            "https://registry.np" + "mjs.org/x"),
    TextBan(r"\b(facts [G]\d|tra[p] \d)", "", "refers to a document that is not in the tree: say the fact itself",
            "// see fa" + "cts G2"),
    TextBan(r"[ \t]+$", "", "blanks at the end of the line", "int x; "),
    TextBan(r"\t", r"(^|/)Makefile$|\.(tsv|go)$|(^|/)go\.mod$", "a tab: blanks look the same everywhere", "\tint x;"),
]
DATA = r"^fuzz/corpus/|/(data|vectors|golden)/|^LICENSE|\.(png|svg|ico|zst|bin|z?dict)$"  # kept as it came
SPDX = "SPDX-License-Identifier: Apache-2.0 OR MIT"
SPDX_FILES = r"(\.(cc|h|py|sh|cmake|yml|yaml|mjs|js|service|socket|toml|go|rs)|CMakeLists\.txt|Makefile)$|^tools/"
