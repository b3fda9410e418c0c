// SPDX-License-Identifier: Apache-2.0 OR MIT
// Asio itself, compiled once: everybody else sees only its declarations (BOOST_ASIO_SEPARATE_COMPILATION on the target
// `asio`).
#include <boost/asio/impl/src.hpp>
