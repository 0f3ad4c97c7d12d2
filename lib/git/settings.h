/* SPDX-License-Identifier: MIT */
/*
 * git/settings - git's configuration from the environment, and of one work tree
 *
 * libgit2 1.5 reads git's files, but knows none of git's variables, and not
 * config.worktree (extensions.worktreeConfig).
 */
#ifndef GIT_SETTINGS_H
#define GIT_SETTINGS_H

#include <git2.h>
#include <jv.h>

/*
 * Has GIT_CONFIG_GLOBAL, GIT_CONFIG_SYSTEM, GIT_CONFIG_NOSYSTEM and
 * GIT_CONFIG_COUNT with its KEYs and VALUEs hold for a repository that was just
 * opened, as git-config(1) has it. Returns jv_null(), or an error_value():
 * input.
 */
jv settings_take_environment(git_repository *repo);

/*
 * Has config.worktree hold, if the repository has it. Returns jv_null(), or an
 * error_value(): input (also if there is includeIf.hasconfig, which libgit2
 * passes over).
 */
jv settings_take_own(git_repository *repo);

#endif
