// SPDX-License-Identifier: Apache-2.0 OR MIT
// For tests: requests on which parsers of HTTP are known to differ, each with the status that it must get from us. The
// classes follow the public collections of such differences (HTTP Garden, h1spec, smuggling write-ups); the bytes are
// our own. Status 200 means: accepted.
#pragma once

#include <string>
#include <string_view>

namespace ghmesh::net {

struct Plant {
  std::string_view name;
  int status;
  std::string_view text;      // string_view, so that it may hold NUL: written with the sv suffix
  bool is_body_case = false;  // the head is fine; what follows it is not
  std::size_t padding_count = 0;  // '@' in the text becomes so many 'a'

  std::string request() const {
    std::string made;
    for (const char c : text) {
      if (c == '@' && padding_count > 0) made.append(padding_count, 'a');
      else made += c;
    }
    return made;
  }
};

using std::string_view_literals::operator""sv;

inline const Plant kRequestGarden[] = {
    // Accepted, because real clients do it.
    {"plain", 200, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"one empty line before", 200, "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"query", 200, "GET /a?b=c&d=%20e HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"http 1.0 without host", 200, "GET / HTTP/1.0\r\n\r\n"sv},
    {"absolute form", 200, "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"absolute form in capitals", 200, "GET HTTPS://a:443/x HTTP/1.1\r\nHost: b\r\n\r\n"sv},
    {"asterisk form", 200, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"obs-text in a value", 200, "GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\r\n\r\n"sv},
    {"tab in a value", 200, "GET / HTTP/1.1\r\nHost: a\r\nX: a\tb\r\n\r\n"sv},
    {"no blank after the colon", 200, "GET / HTTP/1.1\r\nHost:a\r\n\r\n"sv},
    {"host with port", 200, "GET / HTTP/1.1\r\nHost: 127.0.0.1:8418\r\n\r\n"sv},
    {"host of version six", 200, "GET / HTTP/1.1\r\nHost: [::1]:8418\r\n\r\n"sv},
    {"unknown method", 200, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"content length zero", 200, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"sv},
    {"chunked in capitals", 200,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"sv},
    {"chunk extension", 200,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n"sv},
    {"trailer", 200,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n"sv},
    {"expect continue", 200,
     "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"sv},
    {"a target at the limit", 200, "GET /@ HTTP/1.1\r\nHost: a\r\n\r\n"sv, false, 8191},

    // Ends of lines and control characters.
    {"bare line feeds", 400, "GET / HTTP/1.1\nHost: a\n\n"sv},
    {"bare line feed after the request line", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"sv},
    {"bare line feed after a field", 400, "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"sv},
    {"bare line feed at the end", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"sv},
    {"bare carriage return in a value", 400, "GET / HTTP/1.1\r\nHost: a\r\nX: y\rZ: w\r\n\r\n"sv},
    {"bare carriage return as an end", 400, "GET / HTTP/1.1\rHost: a\r\r"sv},
    {"two carriage returns", 400, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"sv},
    {"bare carriage return before the name", 400, "GET / HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n"sv},
    {"NUL in a value", 400, "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"sv},
    {"NUL in a name", 400, "GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n"sv},
    {"NUL in the target", 400, "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"NUL in the method", 400, "GE\0T / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"vertical tab in a value", 400, "GET / HTTP/1.1\r\nHost: a\r\nX: \x0b\r\n\r\n"sv},
    {"delete in a value", 400, "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n"sv},
    {"escape in a value", 400, "GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[2J\r\n\r\n"sv},
    {"TLS on a plain door", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv},
    {"two empty lines before", 400, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},

    // The request line.
    {"blank before the method", 400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"two blanks after the method", 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"two blanks before the version", 400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"blank after the version", 400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"sv},
    {"tab as a blank", 400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"blank in the target", 400, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"no version", 400, "GET /\r\nHost: a\r\n\r\n"sv},
    {"no target", 400, "GET HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"no slash", 400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"method with a colon", 400, "GET: / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"method not a token", 400, "G(E)T / HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"method too long", 501, "@ / HTTP/1.1\r\nHost: a\r\n\r\n"sv, false, 33},
    {"raw UTF-8 in the target", 400, "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"fragment in the target", 400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"asterisk with GET", 400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"absolute form of ftp", 400, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"absolute form without authority", 400, "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"absolute form with user", 400,
     "GET http://u:p\x40"
     "a/ HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"absolute form without host field", 400, "GET http://a/ HTTP/1.1\r\n\r\n"sv},
    {"connect", 501, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"sv},
    {"target too long", 414, "GET /@ HTTP/1.1\r\nHost: a\r\n\r\n"sv, false, 8192},
    {"version in small letters", 400, "GET / http/1.1\r\nHost: a\r\n\r\n"sv},
    {"version with two digits", 400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"sv},
    {"version without a point", 400, "GET / HTTP/11\r\nHost: a\r\n\r\n"sv},
    {"version 1.2", 505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"sv},
    {"version 0.9", 505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"sv},
    {"version 9.9", 505, "GET / HTTP/9.9\r\nHost: a\r\n\r\n"sv},
    {"preface of version two", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv},

    // Fields.
    {"blank before the colon", 400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"sv},
    {"tab before the colon", 400, "GET / HTTP/1.1\r\nHost: a\r\nX\t: y\r\n\r\n"sv},
    {"folded value", 400, "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n"sv},
    {"folded with a tab", 400, "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n"sv},
    {"blank before the first field", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"sv},
    {"no colon", 400, "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"sv},
    {"no name", 400, "GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n"sv},
    {"name in quotes", 400, "GET / HTTP/1.1\r\nHost: a\r\n\"X\": y\r\n\r\n"sv},
    {"name with a slash", 400, "GET / HTTP/1.1\r\nHost: a\r\nX/Y: z\r\n\r\n"sv},
    {"name with obs-text", 400, "GET / HTTP/1.1\r\nHost: a\r\n\xff: z\r\n\r\n"sv},
    {"field too large", 431, "GET / HTTP/1.1\r\nHost: a\r\nX: @\r\n\r\n"sv, false, 40000},

    // Host.
    {"no host", 400, "GET / HTTP/1.1\r\n\r\n"sv},
    {"two hosts", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"sv},
    {"the same host twice", 400, "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"sv},
    {"two hosts in HTTP/1.0", 400, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"sv},
    {"empty host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"sv},
    {"host with a path", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"sv},
    {"host with a user", 400,
     "GET / HTTP/1.1\r\nHost: u\x40"
     "a\r\n\r\n"sv},
    {"host with a blank", 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"sv},
    {"host with a bad port", 400, "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n"sv},
    {"host with a large port", 400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"sv},
    {"host of version six, open", 400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"sv},
    {"host with an escape", 400, "GET / HTTP/1.1\r\nHost: a%2fb\r\n\r\n"sv},
    {"host as a list", 200,
     "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"sv},  // a valid reg-name; nobody serves it

    // Framing.
    {"two lengths", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"sv},
    {"the same length twice", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"sv},
    {"length as a list", 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx"sv},
    {"length with a sign", 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx"sv},
    {"negative length", 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nx"sv},
    {"hexadecimal length", 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\nx"sv},
    {"length with a point", 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1.0\r\n\r\nx"sv},
    {"length with an underscore", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1_0\r\n\r\n0123456789"sv},
    {"length with a blank inside", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 0\r\n\r\n0123456789"sv},
    {"empty length", 400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n"sv},
    {"length too large for 64 bits", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n"sv},
    {"length too large for us", 413,
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1099511627776\r\n\r\n"sv, true},
    {"length and chunked", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx"sv},
    {"chunked and length", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nx"sv},
    {"chunked twice in one field", 501,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"sv},
    {"chunked in two fields", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"sv},
    {"chunked, then identity", 501,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"sv},
    {"identity", 501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"sv},
    {"gzip and chunked", 501,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"sv},
    {"xchunked", 501,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"sv},
    {"chunked in quotes", 501,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"sv},
    {"chunked with a parameter", 501,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"sv},
    {"chunked after a vertical tab", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b"
     "chunked\r\n\r\n0\r\n\r\n"sv},
    {"chunked with obs-text", 501,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \xff"
     "chunked\r\n\r\n0\r\n\r\n"sv},
    {"empty transfer encoding", 501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n"sv},
    {"transfer encoding with a blank", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"sv},
    {"chunked in HTTP/1.0", 400,
     "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"sv},
    {"expect something else", 417,
     "POST / HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\nContent-Length: 1\r\n\r\nx"sv},

    // Chunks.
    {"chunk size missing", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\n"sv, true},
    {"chunk size with 0x", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n"sv,
     true},
    {"chunk size with a sign", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\nx\r\n0\r\n\r\n"sv,
     true},
    {"negative chunk size", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n"sv,
     true},
    {"blank before a chunk size", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n 1\r\nx\r\n0\r\n\r\n"sv,
     true},
    {"blank after a chunk size", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n"sv,
     true},
    {"chunk size overflows", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000001\r\nx\r\n0\r\n\r\n"sv,
     true},
    {"chunk size too large for us", 413,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\nx"sv, true},
    {"bare line feed after a chunk size", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n"sv, true},
    {"bare carriage return after a chunk size", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\rx\r\n0\r\n\r\n"sv, true},
    {"bare line feed in an extension", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nx\r\n0\r\n\r\n"sv, true},
    {"chunk longer than its size", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n"sv,
     true},
    {"bare line feed after a chunk", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\n0\r\n\r\n"sv, true},
    {"extension too long", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;@\r\nx\r\n0\r\n\r\n"sv,
     true, 300},
    {"trailer without a name", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n: x\r\n\r\n"sv, true},
    {"folded trailer", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n z\r\n\r\n"sv,
     true},
    {"NUL in a trailer", 400,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: \0\r\n\r\n"sv, true},
    {"trailers too large", 431,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: @\r\n\r\n"sv, true,
     9000},
};

}  // namespace ghmesh::net
