/* SPDX-License-Identifier: MIT */
/*
 * profile - the section of AWS' two files that is in use
 */
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "aws/ini.h"
#include "aws/profile.h"
#include "config.h"
#include "file.h"
#include "record.h"
#include "words.h"

enum { MOST_FILE = 1 << 20 };

/* A file's name; "" where there is no home. The caller's. */
static char *
path_of(const char *variable, const char *otherwise)
{
	const char *path = config_env(variable), *home = config_env("HOME");

	if (path == NULL)
		path = otherwise;
	if (strncmp(path, "~/", 2) != 0)
		return xstrdup(path);
	return home != NULL ? xasprintf("%s%s", home, path + 1) : xstrdup("");
}

static void
read_file(struct aws_profile_file *file, bool secret)
{
	struct stat st;
	jv why;

	if (*file->path == '\0')
		return;
	why = file_read(file->path, MOST_FILE, &file->text);
	if (jv_is_valid(why)) {
		if (secret && stat(file->path, &st) == 0 &&
		    (st.st_mode & 044) != 0)
			warning("%s: readable by others (chmod 600 it)",
			    file->path);
	} else if (strcmp(error_code(why), "not_found") != 0) {
		warning("%s", error_message(why));
	}
	jv_free(why);
}

/* The words of a section's name in the configuration: profile "a b". */
static bool
is_profile(struct span section, const char *name)
{
	char *text = xstrndup(section.at, section.len);
	jv words = words_split(text), first, second;
	bool same = false;

	free(text);
	if (!jv_is_valid(words)) {
		jv_free(words);
		return false;
	}
	if (jv_array_length(jv_copy(words)) == 2) {
		first = jv_array_get(jv_copy(words), 0);
		second = jv_array_get(jv_copy(words), 1);
		same = strcmp(jv_string_value(first), "profile") == 0 &&
		    strcmp(jv_string_value(second), name) == 0;
		jv_free(first);
		jv_free(second);
	}
	jv_free(words);
	return same;
}

/* Whether a section is the one in use. */
static bool
is_section(
    const struct aws_profile *profile, enum aws_file file, struct span section)
{
	bool bare = span_is(section, profile->name);

	if (file == AWS_CREDENTIALS)
		return bare;
	return (bare && strcmp(profile->name, "default") == 0) ||
	    is_profile(section, profile->name);
}

/* The last value of key, of any key if that is NULL; at is NULL without one. */
static struct span
find(const struct aws_profile *profile, enum aws_file file, const char *key)
{
	const struct buf *text = &profile->files[file].text;
	struct aws_ini ini = { .text = { text->at, text->len } };
	struct span found = { 0 };
	bool here = false;

	while (aws_ini_next(&ini)) {
		if (ini.key.len == 0)
			here = is_section(profile, file, ini.section);
		if (here &&
		    (key == NULL ||
			(ini.key.len == strlen(key) &&
			    strncasecmp(ini.key.at, key, ini.key.len) == 0)))
			found = ini.value;
	}
	return found;
}

char *
aws_profile_in(
    const struct aws_profile *profile, enum aws_file file, const char *key)
{
	struct span value = find(profile, file, key);

	return value.len > 0 ? xstrndup(value.at, value.len) : NULL;
}

char *
aws_profile_get(const struct aws_profile *profile, const char *key)
{
	char *value = aws_profile_in(profile, AWS_CREDENTIALS, key);

	return value != NULL ? value : aws_profile_in(profile, AWS_CONFIG, key);
}

jv
aws_profile_read(struct aws_profile *profile)
{
	const char *variable = "AWS_PROFILE", *name = config_env(variable);
	struct aws_profile_file *files = profile->files;

	if (name == NULL)
		name = config_env(variable = "AWS_DEFAULT_PROFILE");
	*profile = (struct aws_profile){ .name = xstrdup(
					     name != NULL ? name : "default") };
	files[AWS_CREDENTIALS].path =
	    path_of("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
	files[AWS_CONFIG].path = path_of("AWS_CONFIG_FILE", "~/.aws/config");
	read_file(&files[AWS_CREDENTIALS], true);
	read_file(&files[AWS_CONFIG], false);
	if (name != NULL && find(profile, AWS_CREDENTIALS, NULL).at == NULL &&
	    find(profile, AWS_CONFIG, NULL).at == NULL)
		return error_value("input",
		    "%s: no profile %s in \"%s\" or \"%s\"", variable, name,
		    files[AWS_CREDENTIALS].path, files[AWS_CONFIG].path);
	return jv_null();
}

void
aws_profile_release(struct aws_profile *profile)
{
	for (int i = 0; i < AWS_FILES; i++) {
		struct aws_profile_file *file = &profile->files[i];

		free(file->path);
		if (file->text.at != NULL)
			explicit_bzero(file->text.at, file->text.room);
		buf_release(&file->text);
	}
	free(profile->name);
}
