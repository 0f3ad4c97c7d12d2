/* SPDX-License-Identifier: MIT */
/*
 * git/secret - files that are credentials
 *
 * What must not reach a remote by mistake: files that hold a key by their name
 * (those of the official clients, netrc, .env, keys of ssh) or by what is in
 * them. A token counts only in its whole form, with at least 8 different
 * characters, so that placeholders ("hf_xxxx...") and programs that look for
 * tokens pass. What was found is never shown, only where.
 */
#ifndef GIT_SECRET_H
#define GIT_SECRET_H

#include <stddef.h>
#include <sys/types.h>

/*
 * What a file of this path is by its name ("a netrc file"), or NULL. Static
 * text. .env.example, .env.sample, .env.template and .env.dist are none.
 */
const char *secret_by_name(const char *path);

/*
 * What is found in a text ("a GitHub token"), with *line, from 1, of the first,
 * or NULL: private keys, tokens of Kaggle, GitHub, GitLab and Hugging Face,
 * keys of OpenAI and Anthropic, key ids of AWS, values of WANDB_API_KEY (also
 * in small letters), KAGGLE_KEY, wandb.login() and "wandb login", and a small
 * file of the form of kaggle.json. A file with a NUL in its first 8,000 bytes
 * is no text, as for git. Reads fd from its beginning in pieces, with pread(2);
 * *failed is errno, or 0.
 */
const char *secret_by_content(int fd, size_t *line, int *failed);

#endif
