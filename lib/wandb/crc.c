/* SPDX-License-Identifier: MIT */
/*
 * crc - the CRC-32 of zlib, also by carry-less multiplication
 *
 * V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using
 * PCLMULQDQ Instruction", Intel 2009: 64 bytes are folded onto the next 64 by
 * multiplication with constants, which are powers of x modulo the (reflected)
 * polynomial, then to 16, then reduced to 4.
 */
#include <zlib.h>

#include "wandb/crc.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

enum { FOLDED = 64, UNIT = 16 };

#define MULTIPLIES __attribute__((target("pclmul,sse4.1")))

/* Moves x over a distance that constants stand for, onto next. */
MULTIPLIES static inline __m128i
fold(__m128i x, __m128i constants, __m128i next)
{
	__m128i low = _mm_clmulepi64_si128(x, constants, 0x00);
	__m128i high = _mm_clmulepi64_si128(x, constants, 0x11);

	return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/* 128 bits to 32: to 64 first, then by Barrett's reduction. */
MULTIPLIES static inline uint32_t
reduce(__m128i x)
{
	const __m128i by_16 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
	const __m128i by_8 = _mm_set_epi64x(0, 0x0163cd6124);
	const __m128i polynomial = _mm_set_epi64x(0x01f7011641, 0x01db710641);
	const __m128i low_32 = _mm_setr_epi32(-1, 0, -1, 0);
	__m128i y = _mm_clmulepi64_si128(x, by_16, 0x10);

	x = _mm_xor_si128(_mm_srli_si128(x, 8), y);
	y = _mm_srli_si128(x, 4);
	x = _mm_clmulepi64_si128(_mm_and_si128(x, low_32), by_8, 0x00);
	x = _mm_xor_si128(x, y);
	y = _mm_clmulepi64_si128(_mm_and_si128(x, low_32), polynomial, 0x10);
	y = _mm_clmulepi64_si128(_mm_and_si128(y, low_32), polynomial, 0x00);
	return (uint32_t)_mm_extract_epi32(_mm_xor_si128(x, y), 1);
}

MULTIPLIES static inline __m128i
load(const uint8_t *at)
{
	return _mm_loadu_si128((const void *)at);
}

/*
 * Moves x over the less than UNIT bytes before end: those of its own that go
 * beyond 16 are folded onto the rest and the new ones.
 */
MULTIPLIES static inline __m128i
fold_rest(__m128i x, __m128i constants, const uint8_t *end, size_t rest)
{
	static const uint8_t slide[3 * UNIT] = { 0x80, 0x80, 0x80, 0x80, 0x80,
		0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
		0x80, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
		0x80, 0x80, 0x80, 0x80, 0x80, 0x80 };
	__m128i to_end = load(slide + rest);
	__m128i next = _mm_blendv_epi8(load(end - UNIT),
	    _mm_shuffle_epi8(x, load(slide + UNIT + rest)), to_end);

	return fold(_mm_shuffle_epi8(x, to_end), constants, next);
}

/* The checksum of at least UNIT bytes. */
MULTIPLIES static uint32_t
multiply(const uint8_t *at, size_t len)
{
	const __m128i by_64 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);
	const __m128i by_16 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
	__m128i a = _mm_xor_si128(load(at), _mm_cvtsi32_si128(-1)), b, c, d;

	if (len >= FOLDED) {
		b = load(at + 16);
		c = load(at + 32);
		d = load(at + 48);
		for (at += FOLDED, len -= FOLDED; len >= FOLDED;
		     at += FOLDED, len -= FOLDED) {
			a = fold(a, by_64, load(at));
			b = fold(b, by_64, load(at + 16));
			c = fold(c, by_64, load(at + 32));
			d = fold(d, by_64, load(at + 48));
		}
		a = fold(a, by_16, b);
		a = fold(a, by_16, c);
		a = fold(a, by_16, d);
	} else {
		at += UNIT;
		len -= UNIT;
	}
	for (; len >= UNIT; at += UNIT, len -= UNIT)
		a = fold(a, by_16, load(at));
	if (len > 0)
		a = fold_rest(a, by_16, at + len, len);
	return ~reduce(a);
}

uint32_t
crc_of(const uint8_t *bytes, size_t len)
{
	if (len < UNIT || !__builtin_cpu_supports("pclmul") ||
	    !__builtin_cpu_supports("sse4.1"))
		return (uint32_t)crc32(0, bytes, (unsigned)len);
	return multiply(bytes, len);
}

#else

uint32_t
crc_of(const uint8_t *bytes, size_t len)
{
	return (uint32_t)crc32(0, bytes, (unsigned)len);
}

#endif
