// SPDX-License-Identifier: Apache-2.0 OR MIT
// How many guesses a text would withstand, as a power of two. A small estimate that errs on the low side: it knows some
// words that everybody takes, and what people do to them; it is not a list of leaked passwords.
//
// The text is cut into the parts that cost an attacker least: a common word, something that reads like a word, a
// repetition, a run along the alphabet or the keyboard, a year, or single characters.
#pragma once

#include "crypto/secret.h"

namespace ghmesh::mesh {

// Below this a passphrase is refused: with Argon2id at 64 MiB, 2^50 guesses are a million years of one core.
inline constexpr double kPassphraseBitsMin = 50;
// Below this a token is no token: GitHub's have 160 random bits and more, placeholders have words and repetitions.
inline constexpr double kTokenBitsMin = 80;

double guess_bits(const crypto::Secret& text);

}  // namespace ghmesh::mesh
