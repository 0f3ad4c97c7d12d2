/* SPDX-License-Identifier: MIT */
/*
 * kaggle/slug - the slug that Kaggle makes of a title
 *
 * A kernel's slug follows its title: one that is pushed with a title that does
 * not make the slug in its id lands somewhere else.
 */
#ifndef KAGGLE_SLUG_H
#define KAGGLE_SLUG_H

/*
 * Characters of a slug, and of a title. Kaggle's site is said to take no more
 * than the latter; its official client looks only at the former.
 */
enum { SLUG_LEAST = 5, SLUG_MOST = 50 };

/*
 * The slug of a title, which is UTF-8. Exact for ASCII, Latin-1, Latin
 * Extended-A, accents and common punctuation; NULL for a title with other
 * characters, and for HTML entities that stand for such: what Kaggle makes of
 * those cannot be predicted here. The caller's to free.
 */
char *slug_of_title(const char *title);

/* A title that makes this slug: "my-kernel" -> "My Kernel". To be freed. */
char *slug_title(const char *slug);

#endif
